package selftest

import (
	"fmt"
	"time"
)

// Row is one thing that was tested.
type Row struct {
	Part  string   `json:"part"` // virtual, relay, router or truth
	Name  string   `json:"name"`
	Value *float64 `json:"value"` // null where it was not run
	Unit  string   `json:"unit"`
	// Least and Most bound the value, both included; null = no bound.
	Least *float64 `json:"least"`
	Most  *float64 `json:"most"`
	Met   *bool    `json:"met"`            // null where it was not run
	Note  string   `json:"note,omitempty"` // why it was not run
}

// between judges a value by two bounds.
func between(part, name, unit string, value, least, most float64) Row {
	met := value >= least && value <= most // false for NaN
	return Row{Part: part, Name: name, Unit: unit, Value: &value, Least: &least, Most: &most, Met: &met}
}

// atMost judges a value by an upper bound.
func atMost(part, name, unit string, value, most float64) Row {
	met := value <= most
	return Row{Part: part, Name: name, Unit: unit, Value: &value, Most: &most, Met: &met}
}

// shown is a value without a bound.
func shown(part, name, unit string, value float64) Row {
	return Row{Part: part, Name: name, Unit: unit, Value: &value}
}

// notRun says why there is no value.
func notRun(part, name string, why error) Row {
	return Row{Part: part, Name: name, Note: "not run: " + why.Error()}
}

// Missed tells whether the row was run and broke its bounds.
func (r *Row) Missed() bool { return r.Met != nil && !*r.Met }

// Verdict is a word or two.
func (r *Row) Verdict() string {
	switch {
	case r.Note != "":
		return r.Note
	case r.Met == nil:
		return ""
	case *r.Met:
		return "met"
	}
	return "MISSED"
}

// Limit writes the bounds.
func (r *Row) Limit() string {
	switch {
	case r.Least != nil && r.Most != nil && *r.Least == *r.Most:
		return fmt.Sprintf("%.5g", *r.Most)
	case r.Least != nil && r.Most != nil:
		return fmt.Sprintf("%.5g to %.5g", *r.Least, *r.Most)
	case r.Most != nil:
		return fmt.Sprintf("at most %.5g", *r.Most)
	}
	return ""
}

// Text writes the value with its unit.
func (r *Row) Text() string {
	if r.Value == nil {
		return ""
	}
	return fmt.Sprintf("%.5g %s", *r.Value, r.Unit)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
