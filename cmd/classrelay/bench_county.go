package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/county"
)

// benchCountyFlags are the flags of bench county.
type benchCountyFlags struct {
	cfg     county.Config
	script  string
	stay    bool
	json    string
	keep    string
	verbose bool

	play *county.Script
}

// listedWithin is how long the province may take to list all schools.
const listedWithin = 30 * time.Second

func newBenchCounty(t terminal) *cobra.Command {
	var f benchCountyFlags
	cmd := &cobra.Command{
		Use:   "county",
		Short: "A province, a city, a county with two hubs and its schools on this machine",
		Long: `Starts a province, a city, two hubs of a county and six schools, each node a process of
its own, with a camera in every school and emulated lines between them, and plays a
script: lessons, changes of the main school, cuts, and nodes that die. Everybody watches
the main school, and after each step the viewers tell how long they had no picture. It
needs no root.

The exit status is 1 when a step has not healed: somebody has no picture, had it back
later than the step's limit, or lost it without having anything to do with the trouble.

A script of your own is YAML, as in
  steps:
    - main: school-1              # it comes first
    - {cut: school-3, for: 3s}    # all its lines; hub-a, hub-b and city, too
    - {kill: hub-a, for: 5s, limit: 1500ms}`,
		Example: `  classrelay bench county
  classrelay bench county --stay
  classrelay bench county --schools 10 --script my.yaml --json county.json`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return f.finish()
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchCounty(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.IntVar(&f.cfg.Schools, "schools", 6, "so many `schools`")
	flags.StringVar(&f.script, "script", "", "play this YAML `file` (default: a morning in the county)")
	flags.BoolVar(&f.stay, "stay", false, "stay up after the script, until Ctrl-C")
	flags.Uint64Var(&f.cfg.Seed, "seed", 1, "the `number` all chance on the lines comes from")
	flags.StringVar(&f.keep, "keep", "", "keep configurations and logs in this empty `folder`")
	jsonFlag(cmd, &f.json)
	flags.BoolVar(&f.verbose, "verbose", false, "show the logs of cameras, lines and viewers")
	return cmd
}

// finish reads the script. Its errors are of usage.
func (f *benchCountyFlags) finish() (err error) {
	if err := f.cfg.Validate(); err != nil {
		return fmt.Errorf("--schools: %w", err)
	}
	name, text := "morning.yaml", county.Morning
	if f.script != "" {
		name = f.script
		if text, err = os.ReadFile(name); err != nil {
			return fmt.Errorf("--script: %w", err)
		}
	}
	f.play, err = county.Parse(name, text, f.cfg.Schools)
	return err
}

func runBenchCounty(ctx context.Context, f *benchCountyFlags, t terminal) error {
	screen := t.screen(f.json)
	dir, done, err := f.folder()
	if err != nil {
		return err
	}
	defer done()
	f.cfg.Dir = dir
	if f.cfg.Program, err = os.Executable(); err != nil {
		return err
	}
	began := time.Now()
	c, err := county.Start(f.cfg, t.logger(f.verbose))
	if err != nil {
		return err
	}
	defer c.Stop()
	introduce(screen, c)
	listed, err := awaitListed(ctx, c, began)
	if err != nil {
		return err
	}
	rep, err := county.Play(ctx, c, f.play, func(o county.Outcome) { _ = o.Write(screen) })
	if err != nil {
		return err
	}
	rep.Schema, rep.Version, rep.ListedMs = 1, programVersion(), listed
	_ = rep.Write(screen) // a broken terminal does not hurt the run
	if err := toFile(f.json, t.out, writeJSON(rep)); err != nil {
		return err
	}
	if f.stay && ctx.Err() == nil {
		_, _ = fmt.Fprintln(screen, "The county stays up until Ctrl-C.")
		<-ctx.Done()
	}
	if rep.Lost > 0 {
		return failed(fmt.Errorf("%d steps have not healed", rep.Lost))
	}
	return nil
}

// folder is where the county's files are; done removes it.
func (f *benchCountyFlags) folder() (dir string, done func(), err error) {
	if f.keep != "" {
		return f.keep, func() {}, os.MkdirAll(f.keep, 0o755)
	}
	dir, err = os.MkdirTemp("", "classrelay-county-")
	return dir, func() { _ = os.RemoveAll(dir) }, err // the operating system cleans up what is left
}

// introduce says where to look.
func introduce(w io.Writer, c *county.County) {
	for _, place := range append([]string{"province", "city", "hub-a", "hub-b"}, c.Schools()...) {
		_, _ = fmt.Fprintf(w, "%-10s %s\n", place, c.Pages(place))
	}
	_, _ = fmt.Fprintln(w, strings.Repeat("-", 60))
}

// awaitListed waits for the directory and tells how long it took, in ms.
func awaitListed(ctx context.Context, c *county.County, began time.Time) (float64, error) {
	within, cancel := context.WithTimeout(ctx, listedWithin)
	defer cancel()
	switch {
	case c.Listed(within):
		return float64(time.Since(began).Milliseconds()), nil
	case ctx.Err() != nil:
		return 0, nil
	}
	if err := c.Lost(); err != nil {
		return 0, err
	}
	return 0, errors.New("the province does not list all schools after " + listedWithin.String())
}
