// Package forecast says how a lesson will do on a line that was measured
// (relay/probe). It has no formula of its own: the product's repair, with its
// planner, its parity and its reports, carries a camera's frames over a line of
// that loss, burst length, round trip and jitter, in virtual time
// (bench/recovery), and what came of the frames is the forecast.
//
// How many rooms fit was tried on the line itself. A number of rooms holds when
// its step held, the frames of a room come in time, and what repair costs on this
// line still fits.
package forecast

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/bench/recovery"
	"github.com/classrelay/classrelay/relay/probe"
)

const (
	// Promise is what a lesson may take from the camera to the screen.
	Promise = 300 * time.Millisecond
	// rest is what the product leaves of it to the camera, the player and their
	// networks: its links have 200 ms.
	rest = 100 * time.Millisecond
	// onTime is the share of frames that must come in time.
	onTime = 0.999
	// frames are two minutes: 60 key frames, which make the p99.
	frames = 3_000
	seed   = 1
	// reckoned is the share of repair that the steps have in them already.
	reckoned = 0.05
)

// Outlook is how a number of rooms will do in one direction.
type Outlook struct {
	Way   probe.Direction
	Rooms int
	Holds bool
	// P99 is the latency of the line expected for a frame, and Expect the same from
	// camera to screen, with what the product leaves to both ends.
	P99, Expect time.Duration
	OnTime      float64 // share of frames
	Overhead    float64 // repair packets per media packet
	Text        string  // all of it in words
}

// Of is the outlook for rooms in the direction whose figures w are.
func Of(r *probe.Result, way probe.Direction, rooms int) (Outlook, error) {
	w := &r.Down
	if way == probe.Up {
		w = &r.Up
	}
	o := Outlook{Way: way, Rooms: rooms}
	step, tried := w.StepFor(rooms)
	if !tried {
		o.Text = fmt.Sprintf("%s was not tried", named(rooms))
		if n := len(w.Steps); n > 0 && !w.Steps[n-1].Holds {
			last := &w.Steps[n-1]
			o.Text = fmt.Sprintf("main and sub of %s will not hold: %s did not (%s)", named(rooms), named(last.Rooms),
				last.Why)
		}
		return o, nil
	}
	if !step.Holds {
		o.Text = fmt.Sprintf("main and sub of %s will not hold: %s", named(rooms), step.Why)
		return o, nil
	}
	cell, wait := cellOf(r, w, &step)
	row, err := recovery.Product(cell, frames, seed)
	if err != nil {
		return o, err
	}
	o.OnTime, o.Overhead, o.P99 = row.OnTime, row.Overhead(), row.P99
	if row.P99 < never {
		o.P99 += wait
		if w.DelayKnown { // what is known of the way itself, in place of half the round trip
			o.P99 += w.Delay - r.RTT.Min/2
		}
	}
	o.Expect = o.P99 + rest
	o.judge(w, &step)
	return o, nil
}

const (
	// never is how long a frame takes that never comes.
	never = time.Hour
	// mostLoss is more than any plan bridges.
	mostLoss = 0.5
	// leastDeadline keeps a line with a long queue from having none at all.
	leastDeadline = 10 * time.Millisecond
)

// cellOf is the line as the simulation knows one, and how long frames wait in
// front of it: what the packets of the step waited more than those of the trickle
// is a queue, which leaves less of the time for repair.
func cellOf(r *probe.Result, w *probe.Way, step *probe.Step) (cell recovery.Cell, wait time.Duration) {
	wait = max(0, step.Delay.P99-w.Jitter.P99)
	return recovery.Cell{
		Loss: min(w.Loss, mostLoss), Burst: max(w.MeanBurst, 1), RTT: r.RTT.Min, Jitter: w.Jitter.P99,
		Deadline: max(leastDeadline, Promise-rest-wait),
	}, wait
}

// fits tells whether the line has shown that it carries a step with the repair that
// it needs.
func (o *Outlook) fits(w *probe.Way, step *probe.Step) bool {
	need := float64(step.Offered) * (1 + o.Overhead) / (1 + reckoned)
	shown := float64(step.Offered)
	for i := range w.Steps {
		shown = max(shown, w.Steps[i].Delivered)
	}
	// Nothing larger was tried, but this step left no queue behind: a little more goes.
	return need <= shown || step.Queue < roomy && need <= roomyShare*shown
}

const (
	roomy      = 10 * time.Millisecond
	roomyShare = 1.2
)

func (o *Outlook) judge(w *probe.Way, step *probe.Step) {
	switch {
	case o.OnTime < onTime:
		o.Text = fmt.Sprintf("main and sub of %s fit, but will not hold at %d ms: %.2f %% of the frames come within "+
			"the %d ms that the line may take; expected p99 %s, repair overhead %.1f %%", named(o.Rooms),
			Promise.Milliseconds(), 100*o.OnTime, (Promise - rest).Milliseconds(), ms(o.P99), 100*o.Overhead)
	case !o.fits(w, step):
		o.Text = fmt.Sprintf("main and sub of %s fit, but not with the %.0f %% that repair takes on this line",
			named(o.Rooms), 100*o.Overhead)
	default:
		o.Holds = true
		o.Text = fmt.Sprintf("main and sub of %s will hold at %d ms; expected p99 %s over this line, %s from camera to "+
			"screen; repair overhead %.1f %%", named(o.Rooms), Promise.Milliseconds(), ms(o.P99), ms(o.Expect),
			100*o.Overhead)
	}
}

func named(rooms int) string {
	if rooms == 1 {
		return "1 room"
	}
	return fmt.Sprintf("%d rooms", rooms)
}

func ms(d time.Duration) string {
	if d >= never {
		return "never"
	}
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}
