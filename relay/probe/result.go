package probe

import (
	"time"

	"github.com/classrelay/classrelay/relay/control"
)

// Result is what a probe found out. Shares are 0 to 1.
type Result struct {
	Node        string // as its certificate says
	Software    string
	Address     string
	Began       time.Time
	Lasted      time.Duration
	Interrupted bool
	// Ended is why the node or the line ended the probe early, in words.
	Ended string
	RTT   Spread // with the line at rest
	// Late is how long after their time packets left this machine: the own error
	// of the probe. Jitter is no better known than this.
	Late  Spread
	Clock Clock
	Size  Size
	Down  Way // from the node
	Up    Way // to the node
	// Above are the links of the node towards the top of the tree.
	Above []control.Hop
}

// Clock is what the time exchange told.
type Clock struct {
	Known bool
	// Offset is the node's clock minus ours, Error the bound of what it may be
	// wrong: half the shortest round trip, since nothing shows how that divides
	// into its two ways.
	Offset, Error time.Duration
	// Drift is how fast the clocks part, and DriftError how far that may be wrong.
	Drift, DriftError float64
	DriftKnown        bool
}

// Size is how large a packet may be, each way.
type Size struct {
	// Up and Down are the largest datagrams that the two ends send on this
	// connection, flow id included.
	Up, Down int
}

// Way is one direction of the line.
type Way struct {
	Offered, Lost int
	Loss          float64
	Overflow      int // packets lost in a full queue, not counted in Lost
	Bursts        int
	MeanBurst     float64 // packets lost in a row, 0: nothing was
	LongestBurst  int
	ToBad         float64 // Gilbert's p: chance of a loss after a packet that came
	Reordered     int
	Duplicated    int
	// Delay is the one-way delay of the fastest packet, and DelayError what that
	// may be wrong either way.
	Delay, DelayError time.Duration
	DelayKnown        bool
	Jitter            Spread // what packets took above the fastest, at rest
	// FullOffered and FullLost count the full packets of the trickle, SmallLost the
	// others it lost: where small ones pass and full ones vanish, something on the
	// way swallows large packets in silence.
	FullOffered, FullLost, SmallOffered, SmallLost int
	Steps                                          []Step
}

// Step is one number of rooms tried.
type Step struct {
	Rooms     int
	Offered   int64   // bit/s on the wire, as planned
	Delivered float64 // bit/s
	Loss      float64
	Queue     time.Duration // the most that no packet of 0.25 s escaped
	Delay     Spread        // above the fastest packet
	Holds     bool
	Why       string // it does not hold, in words
}

// Holds is the largest number of rooms that held, 0 without one.
func (w *Way) Holds() (rooms int) {
	for i := range w.Steps {
		if s := &w.Steps[i]; s.Holds {
			rooms = max(rooms, s.Rooms)
		}
	}
	return rooms
}

// StepFor is the step that tried that many rooms.
func (w *Way) StepFor(rooms int) (Step, bool) {
	for _, s := range w.Steps {
		if s.Rooms == rooms {
			return s, true
		}
	}
	return Step{}, false
}

// record is a direction while it is measured.
type record struct {
	guard  *guard
	fast   time.Duration // transit of the fastest packet
	jitter Spread        // of the trickle
	rest   *tally
	tried  []Step
	losses losses
	extra  [2]int // reordered, duplicate
}

// queued is the wait, beside jitter, from which on a packet stood in a queue.
const queued = 20 * time.Millisecond

// settle closes a step. A step that queued or choked says nothing about how the
// line loses when it is not full.
func (r *record) settle(t *tally, stop string) Step {
	if stop == "" && t.step.Rooms > 0 {
		stop = lossy(t, r.losses.share())
	}
	for i, a := range t.came {
		if tr := a.transit(); i == 0 && r.rest == nil || tr < r.fast {
			r.fast = tr
		}
	}
	r.extra[0] += t.reordered
	r.extra[1] += t.duplicate
	if t.step.Rooms == 0 {
		r.rest = t
		r.jitter = spread(r.above(t))
	}
	if stop == "" {
		r.losses.add(t, r.fast, r.jitter.P99+queued)
	}
	if t.step.Rooms == 0 {
		return Step{}
	}
	st := Step{
		Rooms: t.step.Rooms, Offered: rate(t.step.Rooms), Delivered: t.rate(), Loss: t.loss(), Queue: r.guard.queue,
		Delay: spread(r.above(t)), Holds: stop == "", Why: stop,
	}
	if st.Holds && len(t.came) == 0 {
		st.Holds, st.Why = false, "nothing came"
	}
	r.tried = append(r.tried, st)
	return st
}

// above lists what packets took above the fastest.
func (r *record) above(t *tally) []time.Duration {
	list := make([]time.Duration, len(t.came))
	for i, a := range t.came {
		list[i] = a.transit() - r.fast
	}
	return list
}

// way are the figures so far.
func (r *record) way() Way {
	w := Way{
		Offered: r.losses.offered, Lost: r.losses.lost, Loss: r.losses.share(), Bursts: r.losses.bursts,
		MeanBurst: r.losses.mean(), LongestBurst: r.losses.longest, ToBad: r.losses.toBad(),
		Overflow:  r.losses.overflow,
		Reordered: r.extra[0], Duplicated: r.extra[1], Steps: r.tried,
	}
	if r.rest == nil {
		return w
	}
	w.Jitter = r.jitter
	w.sizes(r.rest)
	return w
}

// sizes counts the trickle's packets by size. It sends two small ones and then a
// full one: see schedule.trickle.
func (w *Way) sizes(t *tally) {
	for seq := range t.offered() {
		offered, lost := &w.SmallOffered, &w.SmallLost
		if seq%3 == 1 {
			offered, lost = &w.FullOffered, &w.FullLost
		}
		*offered++
		if t.lost(seq) {
			*lost++
		}
	}
}

// delay divides the shortest round trip. The fastest packets of the two ways took
// there and back, as the clocks of the two ends have it. Without more, the way
// there is anything between nothing and the whole round trip; who knows that the
// clocks agree within clockError knows it that well.
func delays(down, up *Way, transitDown, transitUp, clockError time.Duration) {
	round := transitDown + transitUp
	if round < 0 {
		return
	}
	for _, x := range []struct {
		w       *Way
		transit time.Duration
	}{{down, transitDown}, {up, transitUp}} {
		x.w.Delay, x.w.DelayError, x.w.DelayKnown = round/2, round/2, true
		if clockError > 0 && clockError < round/2 && x.transit >= -clockError && x.transit <= round+clockError {
			x.w.Delay, x.w.DelayError = min(max(x.transit, 0), round), clockError
		}
	}
}
