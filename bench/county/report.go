package county

import (
	"fmt"
	"io"
	"strings"
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
	ListedMs float64   `json:"listed_ms"`
	Steps    []Outcome `json:"steps"`
}

// Outcome is how a step ended.
type Outcome struct {
	Step    string   `json:"step"`
	Rooms   int      `json:"rooms"` // that watched
	Healed  bool     `json:"healed"`
	HealMs  float64  `json:"heal_ms"`
	LimitMs float64  `json:"limit_ms"`
	Lost    []string `json:"lost,omitempty"` // what was wrong, in words
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
	return err
}
