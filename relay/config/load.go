package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Source is where a configuration gets what is not in it.
type Source struct {
	// Env looks up an environment variable, as os.LookupEnv does. Nil: there are none.
	Env func(name string) (string, bool)
	// ReadFile reads a secret's file, as os.ReadFile does. Nil: there are none.
	ReadFile func(path string) ([]byte, error)
}

// System is the environment and the files of this machine.
func System() Source { return Source{Env: os.LookupEnv, ReadFile: os.ReadFile} }

// Load reads and checks the configuration in a file. An *Error lists everything
// that is wrong with it.
func Load(path string, src Source) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(path, data, src)
	if err != nil {
		return nil, err
	}
	c.Identity = beside(path, c.Identity)
	c.County.CA = beside(path, c.County.CA)
	if c.County.In() {
		setDefault(&c.County.State, defaultState)
		if !filepath.IsAbs(c.County.State) {
			c.County.State = filepath.Join(filepath.Dir(path), c.County.State)
		}
	}
	return c, nil
}

// Parse reads and checks a configuration; name stands for the file in messages.
func Parse(name string, data []byte, src Source) (*Config, error) {
	c := &Config{}
	d := decode(data, c)
	problems := d.problems
	if len(problems) == 0 {
		problems = append(problems, expandSecrets(c, src)...)
	}
	if len(problems) == 0 {
		problems = append(problems, c.check()...)
	}
	if err := d.failed(name, problems); err != nil {
		return nil, err
	}
	return c, nil
}

// failed puts the problems in the order of the file; nil: there are none.
func (d *decoder) failed(name string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	for i, p := range problems {
		if p.Line == 0 {
			problems[i] = d.place(p)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return &Error{File: name, Problems: problems}
}

// beside finds a relative folder next to the configuration file, where an
// installed node keeps it, or else leaves it to the working directory.
func beside(file, dir string) string {
	if dir == "" || filepath.IsAbs(dir) {
		return dir
	}
	near := filepath.Join(filepath.Dir(file), dir)
	if _, err := os.Stat(near); err != nil {
		return dir
	}
	return near
}
