package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/plan"
	"github.com/classrelay/classrelay/relay/store"
)

func newCounty(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "county",
		Short: "What the county plans for its schools: cameras and classes",
		Long: `At the hub that writes (see classrelay promote), the cameras of every school and the
classes of several are one file. Each school gets its own part over its link within
seconds, keeps it, and goes on with it when it is cut off. What stands in a node's own
file goes before.

  schools:
    s012:
      feeds:               # as in a node's file; the names begin with the school's
        s012/room-1: {main: "rtsp://admin:PASSWORD@192.168.1.64/s1"}
  classes:                 # as in a hub's file
    maths-7b:
      main: s012
      rooms: {s012: s012/room-1, s013: s013/room-1}

The commands work on the state of the node on this machine, which may be running.`,
		Args: cobra.NoArgs,
		RunE: help,
	}
	cmd.AddCommand(newCountyGet(t), newCountyApply(t))
	return cmd
}

// withPlanner opens the store of the node on this machine, for as long as f runs.
func withPlanner(ctx context.Context, path string, f func(context.Context, *config.Config, *store.Store) error) error {
	cfg, err := config.Load(path, noSecrets())
	if err != nil {
		return err
	}
	if !cfg.County.In() {
		return fmt.Errorf("%s has no county: run this at a hub of the county", path)
	}
	return withStore(ctx, cfg.County.State, func(ctx context.Context, s *store.Store) error { return f(ctx, cfg, s) })
}

func newCountyGet(t terminal) *cobra.Command {
	var path, school string
	cmd := &cobra.Command{
		Use:   "get [--school NAME]",
		Short: "Print what is planned, as a file for county apply",
		Long: `Prints the county's cameras and classes; at a school, that school's part. In place of
each password stands a mask. A file that has the mask is good for county apply: it leaves
the password as it is.`,
		Example: `  classrelay county get > county.yaml
  classrelay county get --school s012`,
		Args: cobra.NoArgs,
		RunE: work(func(ctx context.Context) error {
			return withPlanner(ctx, path, func(ctx context.Context, _ *config.Config, s *store.Store) error {
				return printPlan(ctx, t, s, school)
			})
		}),
	}
	nodeFlag(cmd, &path)
	cmd.Flags().StringVar(&school, "school", "", "only the part of this `school`")
	return cmd
}

func printPlan(ctx context.Context, t terminal, s *store.Store, school string) error {
	p, wrong := plan.Read(ctx, s)
	if p == nil {
		return wrong
	}
	if wrong != nil {
		_, _ = fmt.Fprintln(t.err, wrong)
	}
	if school != "" {
		part, ok := p.Schools[school]
		if !ok {
			return failed(fmt.Errorf("nothing is planned for a school %s", school))
		}
		p = &config.Plan{Schools: map[string]config.School{school: part}}
	}
	g, err := s.Standing(ctx)
	if err != nil {
		return err
	}
	out, err := p.YAML()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "# epoch %d, revision %d\n%s", g.Epoch, g.Rev, out)
	return err
}

// applyFlags are what county apply is told.
type applyFlags struct {
	config       string
	part, dryRun bool
}

func newCountyApply(t terminal) *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply FILE [--part] [--dry-run]",
		Short: "Make what is planned what a file says",
		Long: `Reads a file as county get prints it, and makes it what is planned: what is not in it is
taken away. With --part, schools and classes that it does not name stay as they are. It
prints each difference, and says all mistakes with their lines before it changes anything.

Secrets may stand as ${NAME} or ${file:/path}, from the environment and files here. FILE
may be - for standard input.

Run this at the hub that writes: the first hub of a county becomes it once with
classrelay promote --first.`,
		Example: `  classrelay county get > county.yaml && vi county.yaml && classrelay county apply county.yaml
  classrelay county apply --part s012.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return work(func(ctx context.Context) error {
				return withPlanner(ctx, f.config, func(ctx context.Context, cfg *config.Config, s *store.Store) error {
					p, err := readPlan(t, args[0], cfg.Node)
					if err != nil {
						return err
					}
					return applyPlan(ctx, t, s, p, &f)
				})
			})(cmd, args)
		},
	}
	nodeFlag(cmd, &f.config)
	cmd.Flags().BoolVar(&f.part, "part", false, "leave schools and classes that FILE does not name as they are")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would change")
	return cmd
}

func readPlan(t terminal, file, node string) (p *config.Plan, err error) {
	if file == "-" {
		const enough = 16 << 20
		data, err := io.ReadAll(io.LimitReader(t.in, enough))
		if err != nil {
			return nil, err
		}
		p, err = config.ParsePlan("-", data, node, config.System())
		return p, asFailed(err)
	}
	p, err = config.LoadPlan(file, node, config.System())
	if errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return p, asFailed(err)
}

// asFailed tells a file with mistakes from one that cannot be read.
func asFailed(err error) error {
	if _, ok := errors.AsType[*config.Error](err); ok {
		return failed(err)
	}
	return err
}

func applyPlan(ctx context.Context, t terminal, s *store.Store, p *config.Plan, f *applyFlags) error {
	edits, err := plan.Edits(ctx, s, p, f.part)
	if errors.Is(err, store.ErrNoSecret) {
		return failed(err)
	}
	if err != nil {
		return err
	}
	for _, e := range edits {
		if _, err := fmt.Fprintln(t.out, e); err != nil {
			return err
		}
	}
	if f.dryRun || len(edits) == 0 {
		_, err = fmt.Fprintf(t.err, "%d differences; nothing was changed\n", len(edits))
		return err
	}
	rev, err := plan.Apply(ctx, s, edits, operator())
	if errors.Is(err, store.ErrNotWriter) || errors.Is(err, store.ErrNoSecret) {
		return failed(err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.err, "%d differences: revision %d. Schools with a link have it within seconds.\n",
		len(edits), rev)
	return err
}
