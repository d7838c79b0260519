package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
)

// Scenario is a chain with bad lines, and what is asked of the product there.
type Scenario struct {
	Name  string // of the file, without .yaml
	Title string // in a few words
	// For is how long it runs after the first picture.
	For time.Duration
	// Deadline is when a frame is in time; 300 ms unless the file says otherwise.
	Deadline time.Duration
	// MainRate and SubRate are those of a synthetic camera in bit/s; both 0 = the
	// clip in the program.
	MainRate, SubRate int
	Lines             []chain.Line
	// RecoversAt is when the lines are good again, for back_on_main; 0 = never bad.
	RecoversAt time.Duration
	Rules      []Rule
}

//go:embed *.yaml
var shipped embed.FS

// Shipped returns the scenarios in the program, in the order of their names.
func Shipped() ([]*Scenario, error) {
	entries, err := fs.ReadDir(shipped, ".")
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	for _, e := range entries {
		data, err := shipped.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		s, err := parse(e.Name(), data, inProgram)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// ErrUnknown is wrapped by Find's error for a name that nobody knows.
var ErrUnknown = errors.New("no such scenario")

// Find returns the scenarios with these names. What ends in .yaml or .yml is a
// file of the caller's. An *Error says what is wrong in a file, and where.
func Find(names []string) ([]*Scenario, error) {
	known, err := Shipped()
	if err != nil {
		return nil, err
	}
	var found []*Scenario
	for _, name := range names {
		if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("read scenario: %w", err)
			}
			s, err := Parse(name, data)
			if err != nil {
				return nil, err
			}
			found = append(found, s)
			continue
		}
		i := slices.IndexFunc(known, func(s *Scenario) bool { return s.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: %q; shipped are %s, others are files that end in .yaml",
				ErrUnknown, name, strings.Join(namesOf(known), ", "))
		}
		found = append(found, known[i])
	}
	return found, nil
}

func namesOf(all []*Scenario) (names []string) {
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}
