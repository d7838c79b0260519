package county

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// lookEvery is how often a step is looked at whether it has healed.
	lookEvery = 10 * time.Millisecond
	// giveUp is how long a step waits for the picture beside its limit, so that the
	// report says how long it was away and not only that it was too long.
	giveUp = 15 * time.Second
	// settling is what a step waits for at least: a switch that comes late shows.
	settling = 2 * time.Second
)

// Play plays a script in a county and tells each step when it is over. It ends early
// with ctx, and with an error when a node has ended by itself.
func Play(ctx context.Context, c *County, s *Script, told func(Outcome)) (*Report, error) {
	rep := &Report{Schools: c.cfg.Schools, Title: s.Title}
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	defer l.close()
	for _, step := range s.Steps {
		o, err := l.play(ctx, step)
		if ctx.Err() != nil {
			return rep, nil
		}
		if err != nil {
			return nil, err
		}
		rep.add(o)
		told(o)
	}
	rep.Turns = rep.turns()
	return rep, nil
}

// play does one step and waits until it has healed, or is given up. A change of the main
// school closes no connection.
func (l *lesson) play(ctx context.Context, s Step) (Outcome, error) {
	if s.Deed != Main {
		return l.step(ctx, s)
	}
	before, err := l.county.connections(ctx)
	if err != nil {
		return Outcome{}, err
	}
	o, err := l.step(ctx, s)
	if err != nil {
		return o, err
	}
	after, err := l.county.connections(ctx)
	if err != nil {
		return o, err
	}
	o.Connections = len(before)
	for _, name := range closed(before, after) {
		o.Closed++
		o.Lost = append(o.Lost, name+" was closed")
	}
	o.Healed = len(o.Lost) == 0
	return o, nil
}

// step is play that asks for no connections.
func (l *lesson) step(ctx context.Context, s Step) (Outcome, error) {
	from := time.Now()
	if s.Deed == Main {
		l.main = s.Place
		l.expect(from, true)
		if err := l.turn(ctx, s.Place); err != nil {
			return Outcome{}, err
		}
	} else {
		l.expect(from, false)
		if err := l.trouble(ctx, s); err != nil {
			return Outcome{}, err
		}
		from = time.Now()
	}
	for now := from; ctx.Err() == nil; now = time.Now() {
		if now.Sub(from) > settling && l.steady(now) || now.Sub(from) > s.Limit+giveUp {
			break
		}
		time.Sleep(lookEvery)
	}
	return l.outcome(s, time.Now()), l.county.Lost()
}

// trouble makes one and ends it. What a place loses that is cut off, or is dead itself,
// counts from the moment it could be back; what a dead hub takes away from the others
// counts from its death.
func (l *lesson) trouble(ctx context.Context, s Step) error {
	c := l.county
	if s.Deed == Cut {
		c.Cut(s.Place, true)
		defer c.Cut(s.Place, false)
	} else {
		c.Kill(s.Place)
	}
	select {
	case <-time.After(s.For):
	case <-ctx.Done():
	}
	for place, r := range l.rooms {
		if touched(place, s) && !isHub(s.Place) {
			r.judge(func(h *Healing) { h.From(time.Now()) })
		}
	}
	if s.Deed == Kill {
		return c.Restart(s.Place)
	}
	return nil
}

// outcome sums a step up.
func (l *lesson) outcome(s Step, now time.Time) Outcome {
	o := Outcome{
		Deed: s.Deed, Step: fmt.Sprintf("%s %s", s.Deed, s.Place), Rooms: len(l.watching()), LimitMs: ms(s.Limit),
	}
	for _, place := range slices.Sorted(maps.Keys(l.rooms)) {
		r := l.rooms[place]
		if r.hears() {
			o.Lost = append(o.Lost, place+" was shown its own room")
		}
		if place == l.main {
			continue
		}
		r.judge(func(h *Healing) {
			took := h.Took()
			o.EachMs = append(o.EachMs, ms(took))
			o.HealMs = max(o.HealMs, ms(took))
			if wrong := verdict(h, s, touched(place, s), now); wrong != "" {
				o.Lost = append(o.Lost, place+" "+wrong)
			}
		})
	}
	o.Healed = len(o.Lost) == 0
	return o
}

// verdict says what is wrong with a place's picture after a step; empty: nothing.
func verdict(h *Healing, s Step, touched bool, now time.Time) string {
	switch took := h.Took(); {
	case !h.Steady(now):
		return "has no picture"
	case s.Deed != Main && !touched && h.Blinked():
		return "blinked, and has nothing to do with it"
	case took > s.Limit:
		return fmt.Sprintf("had it back after %s, more than %s", took.Round(time.Millisecond), s.Limit)
	}
	return ""
}

func ms(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)) / float64(time.Millisecond)
}
