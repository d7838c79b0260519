package scenario

import (
	"slices"
	"time"
)

// Cause is what was going on while the picture stood still. It is read off the
// timeline: what happened at the same time, not what is proven.
type Cause string

// The causes.
const (
	CauseOutage   Cause = "outage"       // a line was cut, as the scenario says
	CauseCapacity Cause = "capacity"     // a line had less capacity than before
	CauseLoss     Cause = "loss"         // packets were lost
	CauseSwitch   Cause = "layer_switch" // the next picture was of another layer
	CauseMachine  Cause = "machine"      // the emulator was late: the machine is too busy
	CauseUnknown  Cause = "unknown"
)

const (
	// aftermath is how long after a line was cut or thinned a stall may still be of
	// that: the queue has to drain, and half a second passes until a key frame.
	aftermath = 2 * time.Second
	// underway is how long before a stall a packet was lost that made it: the
	// missing frame was on its way for up to the deadline.
	underway = 300 * time.Millisecond
)

// explain names the causes of the stalls.
func (tl *Timeline) explain(p *Plan, late bool) {
	for i := range tl.Stalls {
		s := &tl.Stalls[i]
		from, to := s.FromMs, s.FromMs+s.ForMs
		overlaps := func(span PlanSpan) bool {
			return span.FromMs <= to && from <= span.FromMs+span.ForMs+millis(aftermath)
		}
		add := func(c Cause, is bool) {
			if is {
				s.Causes = append(s.Causes, c)
			}
		}
		add(CauseOutage, slices.ContainsFunc(p.Outages, overlaps))
		add(CauseCapacity, slices.ContainsFunc(p.falls(), overlaps))
		add(CauseLoss, tl.lossy(from-millis(underway), to))
		add(CauseSwitch, slices.ContainsFunc(tl.Layers[min(1, len(tl.Layers)):], func(l LayerSpan) bool {
			const near = 80 // ms, two frames: the picture that ends a stall is the first of the layer
			return l.FromMs >= from && l.FromMs <= to+near
		}))
		add(CauseMachine, late)
		if len(s.Causes) == 0 {
			s.Causes = append(s.Causes, CauseUnknown)
		}
	}
}

// lossy tells whether packets were lost on the lines in a time.
func (tl *Timeline) lossy(from, to float64) bool {
	for i, v := range tl.Lost {
		at := float64(i) * tl.StepMs
		if v > 0 && at+tl.StepMs > from && at < to {
			return true
		}
	}
	return false
}
