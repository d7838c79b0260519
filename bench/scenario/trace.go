package scenario

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/classrelay/classrelay/bench/netem"
)

//go:embed traces/*.txt
var shippedTraces embed.FS

// open reads a file that a scenario names; the name is relative to the scenario's.
type open func(name string) ([]byte, error)

// beside opens files where the scenario's own is. Those of shipped scenarios are in
// the program.
func beside(file string) open {
	return func(name string) ([]byte, error) {
		if filepath.IsAbs(name) {
			return os.ReadFile(name)
		}
		return os.ReadFile(filepath.Join(filepath.Dir(file), name))
	}
}

// inProgram opens the traces in the program.
func inProgram(name string) ([]byte, error) { return shippedTraces.ReadFile(path.Clean(name)) }

// trace puts a recorded capacity in a profile.
func (r *reader) trace(at string, f *profile, p *netem.Profile) {
	if f.Trace == "" {
		return
	}
	if f.Rate != "" || len(f.Steps) > 0 || f.StepsEvery != "" {
		r.Fail(at+".trace", "it says what the rate is: rate, steps and steps_every have no place beside it")
		return
	}
	text, err := r.open(f.Trace)
	if err != nil {
		r.Fail(at+".trace", err.Error())
		return
	}
	t, err := netem.ParseTrace(text)
	if e := (*netem.TraceError)(nil); errors.As(err, &e) {
		r.Fail(at+".trace", fmt.Sprintf("%s: %s", f.Trace, e))
		return
	}
	t.On(p)
}
