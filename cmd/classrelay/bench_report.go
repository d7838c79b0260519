package main

import (
	"errors"

	"github.com/classrelay/classrelay/bench/scenario"
)

// benchReport is the JSON of a bench whose result is a list of rows.
type benchReport[Row any] struct {
	Schema      int                  `json:"schema"`
	Bench       string               `json:"bench"`
	Environment scenario.Environment `json:"environment"`
	Interrupted bool                 `json:"interrupted"`
	Verdict     scenario.Verdict     `json:"verdict"`
	Rows        []Row                `json:"rows"`
}

// judge settles the verdict: met is whether what was run reached its targets, all
// whether everything was run.
func (r *benchReport[Row]) judge(met, all bool) {
	if r.Rows == nil {
		r.Rows = []Row{} // an empty list in JSON, not null
	}
	r.Interrupted = !all
	switch {
	case !met:
		r.Verdict = scenario.Missed
	case !all:
		r.Verdict = scenario.Incomplete
	default:
		r.Verdict = scenario.Pass
	}
}

// exit is the error of the command: what was missed first, or that not all was run.
func (r *benchReport[Row]) exit(missed string) error {
	switch r.Verdict {
	case scenario.Missed:
		return failed(errors.New("a target was missed: " + missed))
	case scenario.Incomplete:
		return errors.New("interrupted: not everything was run")
	case scenario.Pass:
	}
	return nil
}
