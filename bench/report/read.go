package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/classrelay/classrelay/bench/scenario"
)

// ErrNoReport is wrapped by Read's error for what is no result of a bench.
var ErrNoReport = errors.New("not a result of bench run")

// Read reads the JSON of a bench, to draw it again.
func Read(r io.Reader) (*scenario.Report, error) {
	var rep scenario.Report
	if err := json.NewDecoder(r).Decode(&rep); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	if rep.Schema != scenario.Schema || rep.Bench != "run" {
		return nil, fmt.Errorf("%w: schema %d of bench %q, it should be %d of \"run\"",
			ErrNoReport, rep.Schema, rep.Bench, scenario.Schema)
	}
	return &rep, nil
}
