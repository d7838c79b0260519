package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/store"
)

func newPromote(t terminal) *cobra.Command {
	var (
		dir   string
		first bool
	)
	cmd := &cobra.Command{
		Use:   "promote [--state DIR] [--first]",
		Short: "Make this hub the one where the county's records are changed",
		Long: `One hub machine of a county is its writer: schools, rooms, classes and users are
changed there, and the others follow. When it is lost, lessons go on without it; only
changes wait. This command, run on another hub, makes that one the writer.

The old writer need not be reachable. When it comes back it learns that it has been
replaced; changes it had not passed on are refused, kept there, and said in its audit
log. So promote the hub that has the newest records, and only when the old writer will
not be back soon. It is done by hand because with two machines nobody else can tell a
dead one from a cut line.

--first begins a new county on a machine without records.`,
		Example: `  classrelay promote --state /var/lib/classrelay
  classrelay promote --first`,
		Args: cobra.NoArgs,
		RunE: work(func(ctx context.Context) error {
			if first {
				return begin(ctx, t, dir)
			}
			return withStore(ctx, dir, func(ctx context.Context, s *store.Store) error {
				epoch, err := s.Promote(ctx, operator())
				return sayWriter(ctx, t, s, epoch, err)
			})
		}),
	}
	stateFlag(cmd, &dir)
	cmd.Flags().BoolVar(&first, "first", false, "begin a new county")
	return cmd
}

// begin makes the store as well: a new county's first hub may not have run yet.
func begin(ctx context.Context, t terminal, dir string) error {
	s, err := store.Open(store.In(dir))
	if err != nil {
		return err
	}
	epoch, err := s.Begin(ctx, operator())
	return errors.Join(sayWriter(ctx, t, s, epoch, err), s.Close())
}

func sayWriter(ctx context.Context, t terminal, s *store.Store, epoch int64, err error) error {
	if err != nil {
		return err
	}
	_, rev, err := s.Position(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "This machine is the writer of the county: epoch %d, revision %d.\n", epoch, rev)
	return err
}
