package county

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/internal/quantile"
)

// Report is what a script did to a county. Fields are added, never renamed.
type Report struct {
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	Title   string `json:"title"`
	Schools int    `json:"schools"`
	// Healed and Lost count steps: those after which everybody had the picture back in
	// time while nobody else blinked, and those after which somebody had not.
	Healed int `json:"healed"`
	Lost   int `json:"lost"`
	// SlowestHealMs is the longest that anybody was without a picture when the trouble
	// was over; a dead hub's trouble begins to be over at once.
	SlowestHealMs float64 `json:"slowest_heal_ms"`
	// ListedMs is how long it took from the start of the first node until the province
	// listed the feeds of all schools; 0: it never did.
	ListedMs float64 `json:"listed_ms"`
	// Turns is what the changes of the main school were like; nil: there was none.
	Turns *Turns    `json:"turns,omitempty"`
	Steps []Outcome `json:"steps"`
}

// Outcome is how a step ended.
type Outcome struct {
	Step    string  `json:"step"`
	Deed    Deed    `json:"-"`
	Rooms   int     `json:"rooms"` // that watched
	Healed  bool    `json:"healed"`
	HealMs  float64 `json:"heal_ms"`
	LimitMs float64 `json:"limit_ms"`
	// EachMs is how long each room waited for the picture, the rooms in order.
	EachMs []float64 `json:"each_ms"`
	// Connections is how many links and screens there were before a change of the main
	// school, of which Closed were not there after it.
	Connections int      `json:"connections,omitempty"`
	Closed      int      `json:"closed"`
	Lost        []string `json:"lost,omitempty"` // what was wrong, in words
}

// Turns is the distribution over all rooms and all changes of the main school of the time
// until the first picture of the new one.
type Turns struct {
	Turns  int     `json:"turns"`
	P50Ms  float64 `json:"p50_ms"`
	P95Ms  float64 `json:"p95_ms"`
	MaxMs  float64 `json:"max_ms"`
	Closed int     `json:"closed"` // connections; none may be
}

// turns sums the changes of the main school up. The first step is none: it begins.
func (r *Report) turns() *Turns {
	var each []float64
	var t Turns
	for i := range r.Steps {
		if o := &r.Steps[i]; i > 0 && o.Deed == Main {
			t.Turns++
			t.Closed += o.Closed
			each = append(each, o.EachMs...)
		}
	}
	if len(each) == 0 {
		return nil
	}
	slices.Sort(each)
	t.P50Ms, t.P95Ms, t.MaxMs = quantile.Of(each, 50), quantile.Of(each, 95), quantile.Of(each, 100)
	return &t
}

func (r *Report) add(o Outcome) {
	r.Steps = append(r.Steps, o)
	r.SlowestHealMs = max(r.SlowestHealMs, o.HealMs)
	if o.Healed {
		r.Healed++
	} else {
		r.Lost++
	}
}

// Write writes a step as a line for people.
func (o *Outcome) Write(w io.Writer) error {
	verdict := "healed"
	if !o.Healed {
		verdict = "LOST  " + strings.Join(o.Lost, "; ")
	}
	_, err := fmt.Fprintf(w, "%-18s %d rooms watch  back after %5.0f ms (limit %.0f)  %s\n",
		o.Step, o.Rooms, o.HealMs, o.LimitMs, verdict)
	return err
}

// Write writes the sum for people.
func (r *Report) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d schools, %d steps healed, %d lost, the slowest after %.0f ms; "+
		"the province listed all schools after %.1f s\n",
		r.Schools, r.Healed, r.Lost, r.SlowestHealMs, r.ListedMs/1000)
	if t := r.Turns; t != nil && err == nil {
		_, err = fmt.Fprintf(w, "%d changes of the main school: first picture p50 %.0f ms, p95 %.0f ms, max %.0f ms; "+
			"%d connections closed\n", t.Turns, t.P50Ms, t.P95Ms, t.MaxMs, t.Closed)
	}
	return err
}
