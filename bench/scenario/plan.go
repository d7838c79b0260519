package scenario

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/internal/netem"
)

// Plan is what a scenario does to its lines, for pictures and tables.
type Plan struct {
	Lines []PlanLine `json:"lines"`
	// Outages are when a line is cut on the way down, and Capacity what the
	// narrowest line lets through from a moment on; empty = no limit anywhere. Both
	// end with the run.
	Outages  []PlanSpan     `json:"outages"`
	Capacity []PlanCapacity `json:"capacity"`
	// Beside is the traffic of others on the last line, while the media crosses it.
	Beside []PlanBulk `json:"beside"`
}

// PlanLine is one line, from the hub on.
type PlanLine struct {
	Down PlanWay `json:"down"` // the way of the media
	Up   PlanWay `json:"up"`
}

// PlanWay is one direction of a line. Zero means that it does not happen.
type PlanWay struct {
	Rate     int64   `json:"rate_bit_s"` // 0 = no limit; of a recorded line the mean
	Recorded bool    `json:"recorded"`   // every packet's turn is from a trace
	DelayMs  float64 `json:"delay_ms"`
	JitterMs float64 `json:"jitter_ms"`
	Loss     float64 `json:"loss"`
	Burst    float64 `json:"burst"` // mean length of a loss in packets; up to 1 = each for itself
	Reorder  float64 `json:"reorder"`
	QueueMs  float64 `json:"queue_ms"`
	Outages  int     `json:"outages"` // how many are written down, repetitions apart
	Steps    int     `json:"steps"`   // of the rate
}

// PlanSpan is a time from the start of the lines on.
type PlanSpan struct {
	FromMs float64 `json:"from_ms"`
	ForMs  float64 `json:"for_ms"`
}

// PlanCapacity is a rate from a moment on.
type PlanCapacity struct {
	AtMs float64 `json:"at_ms"`
	Rate int64   `json:"rate_bit_s"`
}

// PlanBulk is TCP that takes what it gets.
type PlanBulk struct {
	Congestion string   `json:"congestion"` // empty = the system's own
	Flows      int      `json:"flows"`
	FromMs     float64  `json:"from_ms"`
	ToMs       *float64 `json:"to_ms"` // null = to the end
}

// traceStep is how finely the capacity of a recorded line is told.
const traceStep = time.Second

// plan reads the lines of a scenario. Repetitions are written out up to the end of
// the longest possible run.
func (s *Scenario) plan() *Plan {
	p := &Plan{Lines: []PlanLine{}, Outages: []PlanSpan{}, Capacity: []PlanCapacity{}, Beside: s.besides()}
	end := s.For + firstPicture
	changes := []time.Duration{0}
	for _, l := range s.Lines {
		p.Lines = append(p.Lines, PlanLine{Down: planWay(&l.Down), Up: planWay(&l.Up)})
		for _, o := range l.Down.Outages {
			for at := o.At; at < end; at += o.Every {
				p.Outages = append(p.Outages, PlanSpan{millis(at), millis(o.For)})
				if o.Every == 0 {
					break
				}
			}
		}
		for round := time.Duration(0); round < end; round += l.Down.StepsEvery {
			for _, st := range l.Down.Steps {
				changes = append(changes, round+st.At)
			}
			if l.Down.StepsEvery == 0 {
				break
			}
		}
	}
	if slices.ContainsFunc(s.Lines, func(l chain.Line) bool { return l.Down.Turns != nil }) {
		for at := traceStep; at < end; at += traceStep {
			changes = append(changes, at)
		}
	}
	slices.Sort(changes)
	for _, at := range slices.Compact(changes) {
		rate := s.capacity(at)
		if n := len(p.Capacity); rate > 0 && at < end && (n == 0 || p.Capacity[n-1].Rate != rate) {
			p.Capacity = append(p.Capacity, PlanCapacity{AtMs: millis(at), Rate: rate})
		}
	}
	return p
}

// capacity is what the narrowest line lets through on the way down; 0 = no limit.
func (s *Scenario) capacity(at time.Duration) (narrowest int64) {
	for _, l := range s.Lines {
		rate, in := l.Down.Rate, at
		if l.Down.StepsEvery > 0 {
			in = at % l.Down.StepsEvery
			if at >= l.Down.StepsEvery && len(l.Down.Steps) > 0 { // the last round's end goes on
				rate = l.Down.Steps[len(l.Down.Steps)-1].Rate
			}
		}
		for _, st := range l.Down.Steps {
			if st.At <= in {
				rate = st.Rate
			}
		}
		if t := l.Down.Turns; t != nil {
			rate = max(1, t.RateIn(at, at+traceStep)) // none at all is not "no limit"
		}
		if rate > 0 && (narrowest == 0 || rate < narrowest) {
			narrowest = rate
		}
	}
	return narrowest
}

// besides are the bulk flows of the last line.
func (s *Scenario) besides() []PlanBulk {
	all := []PlanBulk{}
	if len(s.Lines) == 0 {
		return all
	}
	for _, b := range s.Lines[len(s.Lines)-1].Beside {
		bulk := PlanBulk{Congestion: b.Congestion, Flows: max(1, b.Flows), FromMs: millis(b.From)}
		if b.To > 0 {
			bulk.ToMs = Number(millis(b.To))
		}
		all = append(all, bulk)
	}
	return all
}

func planWay(p *netem.Profile) PlanWay {
	w := PlanWay{
		Rate: p.Rate, DelayMs: millis(p.Delay), JitterMs: millis(p.Jitter), Loss: p.Loss, Burst: p.Burst,
		Reorder: p.Reorder, QueueMs: millis(p.Queue), Outages: len(p.Outages), Steps: len(p.Steps),
	}
	if p.Turns != nil {
		w.Rate, w.Recorded = p.Turns.Rate(), true
	}
	if w.Rate > 0 && p.Queue == 0 {
		w.QueueMs = millis(netem.DefaultQueue)
	}
	return w
}

// falls are the times in which the lines let less through than before.
func (p *Plan) falls() (spans []PlanSpan) {
	for i := 1; i < len(p.Capacity); i++ {
		if p.Capacity[i].Rate >= p.Capacity[i-1].Rate {
			continue
		}
		span := PlanSpan{FromMs: p.Capacity[i].AtMs}
		if i+1 < len(p.Capacity) {
			span.ForMs = p.Capacity[i+1].AtMs - span.FromMs
		}
		spans = append(spans, span)
	}
	return spans
}
