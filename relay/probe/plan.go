package probe

import (
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/relay/control"
)

// Direction says which way a lesson goes.
type Direction int

// The directions: Down comes from the node that is probed, Up goes to it.
const (
	Both Direction = iota
	Down
	Up
)

// String names the direction.
func (d Direction) String() string { return [...]string{"both", "down", "up"}[d] }

// ParseDirection is the inverse.
func ParseDirection(s string) (Direction, error) {
	for d := Both; d <= Up; d++ {
		if d.String() == s {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is neither down, up nor both", s)
}

// Config says what to measure. The zero value works.
type Config struct {
	// For is how long all of it takes. Default 15 s.
	For time.Duration
	// MaxRate bounds what is sent, in bit/s on the wire. Default 30 Mbit/s.
	MaxRate int64
	// Rooms is how many rooms are asked about; they are tried beside 1, 2, 4 and
	// 6. Default 1.
	Rooms int
	// Direction to try rooms in. Default both, one after the other.
	Direction Direction
	// Force measures although a lesson runs.
	Force bool
	// ClockError is how far the clocks of the two ends may be apart, if somebody
	// knows. Default 0: nobody does.
	ClockError time.Duration
}

// The least and the most that a probe takes. Below the least a step has hardly
// more than its key frames.
const (
	MinFor     = 8 * time.Second
	MaxFor     = time.Minute
	MaxRooms   = 20
	defaultFor = 15 * time.Second
	defaultMax = 30_000_000
)

// WithDefaults fills in what was not said.
func (c Config) WithDefaults() Config {
	if c.For <= 0 {
		c.For = defaultFor
	}
	if c.MaxRate <= 0 {
		c.MaxRate = defaultMax
	}
	c.Rooms = max(c.Rooms, 1)
	return c
}

// Check says what cannot be measured.
func (c Config) Check() error {
	c = c.WithDefaults()
	switch {
	case c.For < MinFor || c.For > MaxFor:
		return fmt.Errorf("--for: %s is not between %s and %s", c.For, MinFor, MaxFor)
	case c.Rooms > MaxRooms:
		return fmt.Errorf("--rooms: %d is not between 1 and %d", c.Rooms, MaxRooms)
	case c.MaxRate < rate(1):
		return fmt.Errorf("--max-rate: one room takes %.1f Mbit/s, %.1f are allowed", RoomRate/1e6, float64(c.MaxRate)/1e6)
	case c.MaxRate < rate(c.Rooms):
		return fmt.Errorf("--max-rate: %d rooms take %.1f Mbit/s, %.1f are allowed", c.Rooms, float64(rate(c.Rooms))/1e6,
			float64(c.MaxRate)/1e6)
	case c.ClockError < 0:
		return fmt.Errorf("--clock-error: %s is below 0", c.ClockError)
	}
	return nil
}

// move is a step and which way it goes.
type move struct {
	control.ProbeStep
	way Direction
}

// plan says which step is next. It begins with a trickle both ways; then rooms are
// added, one direction after the other, until a step does not hold.
type plan struct {
	rest  time.Duration
	step  time.Duration
	rooms []int
	ways  []Direction
	made  int
	rung  int // next of rooms, in the first of ways
}

// pause is what the end of a step takes: the round trip of an ordinary line, and
// drainTime.
const pause = 250 * time.Millisecond

// newPlan divides the time: a fifth for the trickle, the rest among the steps.
func newPlan(cfg Config) *plan {
	p := &plan{ways: []Direction{Down, Up}, rest: cfg.For / 5}
	if cfg.Direction != Both {
		p.ways = []Direction{cfg.Direction}
	}
	p.rooms = []int{1, 2, 4, 6}
	if !slices.Contains(p.rooms, cfg.Rooms) {
		p.rooms = append(p.rooms, cfg.Rooms)
		slices.Sort(p.rooms)
	}
	p.rooms = slices.DeleteFunc(p.rooms, func(n int) bool { return rate(n) > cfg.MaxRate })
	p.step = (cfg.For-p.rest)/time.Duration(max(1, len(p.rooms)*len(p.ways))) - pause
	return p
}

// pop returns the next step; false: there is none.
func (p *plan) pop() (m move, ok bool) {
	m.ID = uint16(p.made)
	p.made++
	if m.ID == 0 {
		m.ForMs = p.rest.Milliseconds()
		return m, true
	}
	if p.rung == len(p.rooms) {
		p.turn()
	}
	if len(p.ways) == 0 || len(p.rooms) == 0 {
		return m, false
	}
	m.Rooms, m.way, m.ForMs = p.rooms[p.rung], p.ways[0], p.step.Milliseconds()
	p.rung++
	return m, true
}

// turn goes on with the other direction: this one has shown what it carries.
func (p *plan) turn() { p.ways, p.rung = p.ways[1:], 0 }
