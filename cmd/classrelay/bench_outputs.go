package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/report"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchOutputs is where a result goes, form by form. A path of - is standard output.
type benchOutputs struct {
	json, csv, junit, html string
	stream                 bool // lines of JSON while it goes on, to standard output
}

// add adds the flags for a result that is there.
func (o *benchOutputs) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.csv, "csv", "", "write a row per run and figure to this `file`; - is standard output")
	flags.StringVar(&o.junit, "junit", "", "write the verdicts for CI to this `file`; - is standard output")
	flags.StringVar(&o.html, "html", "", "write a page with pictures to this `file`; - is standard output")
}

// output is one form and where it goes.
type output struct {
	flag, path string
	write      func(w io.Writer, r *scenario.Report) error
}

func (o *benchOutputs) all() []output {
	return []output{
		{"--json", o.json, func(w io.Writer, r *scenario.Report) error { return r.WriteJSON(w) }},
		{"--csv", o.csv, report.WriteCSV},
		{"--junit", o.junit, report.WriteJUnit},
		{"--html", o.html, report.WriteHTML},
	}
}

// check finds two forms for one place. Its errors are of usage.
func (o *benchOutputs) check() error {
	taken := make(map[string]string)
	if o.stream {
		taken["-"] = "--json-stream"
	}
	for _, out := range o.all() {
		if out.path == "" {
			continue
		}
		place := out.path
		if place == "-" {
			place = "standard output"
		}
		if other := taken[out.path]; other != "" {
			return fmt.Errorf("%s and %s: both go to %s; give one of them a file", other, out.flag, place)
		}
		taken[out.path] = out.flag
	}
	return nil
}

// onStdout tells whether standard output is taken, so that people read standard
// error.
func (o *benchOutputs) onStdout() bool {
	if o.stream {
		return true
	}
	for _, out := range o.all() {
		if out.path == "-" {
			return true
		}
	}
	return false
}

// try finds out before an hour of measuring whether the files can be written.
func (o *benchOutputs) try() error {
	for _, out := range o.all() {
		if err := writable(out.path); err != nil {
			return fmt.Errorf("write result: %s: %w", out.flag, err)
		}
	}
	return nil
}

// write writes every form that is asked for; one that fails does not keep the others
// from being written.
func (o *benchOutputs) write(stdout io.Writer, r *scenario.Report) error {
	var faults []error
	for _, out := range o.all() {
		err := toFile(out.path, stdout, func(w io.Writer) error { return out.write(w, r) })
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", out.flag, err))
		}
	}
	return errors.Join(faults...)
}
