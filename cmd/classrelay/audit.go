package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/store"
)

func newAudit(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Who did what on this machine",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(newAuditVerify(t), newAuditList(t))
	return cmd
}

func newAuditVerify(t terminal) *cobra.Command {
	var dir, since string
	cmd := &cobra.Command{
		Use:   "verify [--state DIR] [--since HEAD]",
		Short: "Check that nobody has changed the audit log",
		Long: `Each entry holds the hash of the one before it. This computes them all anew and names
the first entry that was changed, put in, taken out, or cut off the end.

Who can write the database can also compute all hashes anew. So note the head that this
prints, NUMBER:HASH, on paper or on another machine; with --since HEAD the log must
still have every entry that it had then.

The exit status is 0 when the log holds, 1 when not, 2 when it could not be read.`,
		Example: `  classrelay audit verify --state /var/lib/classrelay
  classrelay audit verify --since 1204:6a09e667...`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var noted store.Head
			if since != "" {
				var err error
				if noted, err = store.ParseHead(since); err != nil {
					return fmt.Errorf("--since: %w", err)
				}
			}
			return work(func(ctx context.Context) error {
				return withStore(ctx, dir, func(ctx context.Context, s *store.Store) error {
					return verifyAudit(ctx, t, s, noted)
				})
			})(cmd, args)
		},
	}
	stateFlag(cmd, &dir)
	cmd.Flags().StringVar(&since, "since", "", "a `head` that was noted before")
	return cmd
}

func verifyAudit(ctx context.Context, t terminal, s *store.Store, noted store.Head) error {
	head, err := s.VerifyAuditSince(ctx, noted)
	if _, ok := errors.AsType[*store.AuditError](err); ok {
		return failed(err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%d entries, none changed. Head: %v\n", head.Seq, head)
	return err
}

func newAuditList(t terminal) *cobra.Command {
	var (
		dir    string
		last   int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list [--state DIR] [--last N] [--json]",
		Short: "Print the last entries of the audit log, oldest first",
		Example: `  classrelay audit list --last 20
  classrelay audit list --last 1000000 --json > audit.jsonl`,
		Args: cobra.NoArgs,
		RunE: work(func(ctx context.Context) error {
			return withStore(ctx, dir, func(ctx context.Context, s *store.Store) error {
				entries, err := s.AuditLog(ctx, 0, max(last, 0))
				if err != nil {
					return err
				}
				slices.Reverse(entries)
				for _, e := range entries {
					if _, err := fmt.Fprintln(t.out, auditLine(e, asJSON)); err != nil {
						return err
					}
				}
				return nil
			})
		}),
	}
	stateFlag(cmd, &dir)
	cmd.Flags().IntVarP(&last, "last", "n", 100, "how many `entries`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// auditLine writes an entry. What strangers said of themselves cannot move the cursor.
func auditLine(e store.Entry, asJSON bool) string {
	if asJSON {
		b, err := json.Marshal(map[string]any{
			"seq": e.Seq, "at": e.At, "actor": e.Actor, "source": e.Source,
			"action": e.Action, "object": e.Object, "result": e.Result,
		})
		if err != nil {
			return strconv.Quote(err.Error()) // a time after the year 9999, from a broken clock
		}
		return string(b)
	}
	fields := []string{strconv.FormatInt(e.Seq, 10), e.At.Local().Format(time.DateTime)}
	for _, f := range []string{e.Actor, e.Source, e.Action, e.Object, e.Result} {
		if f == "" || strings.ContainsFunc(f, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
			f = strconv.Quote(f)
		}
		fields = append(fields, f)
	}
	return strings.Join(fields, "  ")
}
