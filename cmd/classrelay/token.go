package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

func newToken(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Codes with which machines join the county",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(newTokenAdd(t), newTokenList(t))
	return cmd
}

// tokenFlags are what a new code is for.
type tokenFlags struct {
	config, school, role string
	hubs                 []string
	valid                time.Duration
}

func newTokenAdd(t terminal) *cobra.Command {
	var f tokenFlags
	cmd := &cobra.Command{
		Use:   "add --school NAME [--role ROLE] [--hub HOST:PORT]... [--valid DURATION]",
		Short: "Make a code that lets one machine join",
		Long: `Prints a code. Typed in at the school within 24 hours, with classrelay join, it makes
that machine a node of the county. It is good once, for this school and role.

The code goes to standard output, and what it is good for to standard error. Until it
is used, whoever has it can use it: pass it on as you would a key.

Run this on the machine with the county's CA, where county.ca is set.`,
		Example: `  classrelay token add --school s012
  classrelay token add --school s012 --hub 10.0.0.1 --hub 10.0.0.2:4434
  classrelay token add --school hub-b --role hub`,
		Args: cobra.NoArgs,
		RunE: work(func(ctx context.Context) error {
			return withEnroller(ctx, f.config, func(ctx context.Context, e *enroller) error {
				return addToken(ctx, t, e, &f)
			})
		}),
	}
	nodeFlag(cmd, &f.config)
	cmd.Flags().StringVar(&f.school, "school", "", "the school's `name`, or a hub's with --role hub")
	_ = cmd.MarkFlagRequired("school") // fails for a flag that is not there only
	cmd.Flags().StringVar(&f.role, "role", string(identity.School), "school, hub, city or province")
	cmd.Flags().StringArrayVar(&f.hubs, "hub", nil,
		"where the machine finds a hub, `HOST:PORT` (may be repeated; default: the hosts in the certificate here)")
	cmd.Flags().DurationVar(&f.valid, "valid", enrol.TokenLife, "how long the code is good")
	return cmd
}

func addToken(ctx context.Context, t terminal, e *enroller, f *tokenFlags) error {
	hubs, err := e.hubs(f.hubs)
	if err != nil {
		return err
	}
	code := &enrol.Code{Hubs: hubs, Pin: identity.PinOf(e.ca.Certificate()), Token: enrol.NewToken()}
	if err := code.Check(); err != nil {
		return err
	}
	now := time.Now()
	entry, err := code.Token.Entry(f.school, identity.Role(f.role), now, f.valid)
	if err != nil {
		return err
	}
	if err := e.store.AddToken(ctx, entry); err != nil {
		return err
	}
	err = e.store.Audit(ctx, store.Event{
		At: now, Actor: operator(), Source: "classrelay token add", Action: "token.add", Object: f.school,
		Result: fmt.Sprintf("ok: %s, good until %s", f.role, entry.Expires.UTC().Format(time.RFC3339)),
	})
	if err != nil {
		return err
	}
	certs, err := e.store.Certs(ctx)
	if err != nil {
		return err
	}
	has := slices.IndexFunc(certs, func(c store.Cert) bool {
		return c.Node == f.school && c.Revoked.IsZero() && c.Expires.After(now)
	})
	if has >= 0 {
		_, _ = fmt.Fprintf(t.err, "%s is a node already, since %s: a machine that joins under this name takes its place. "+
			"A second one beside it: classrelay join --name %s-2 CODE\n",
			f.school, certs[has].Issued.Local().Format(time.DateOnly), f.school)
	}
	_, _ = fmt.Fprintf(t.err, "On the machine that is to be the %s %s, until %s:\n\n  classrelay join CODE\n\n",
		f.role, f.school, entry.Expires.Local().Format("2006-01-02 15:04"))
	_, err = fmt.Fprintln(t.out, code)
	return err
}

func newTokenList(t terminal) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Show which codes were made, and who has used them",
		Long:    `The codes themselves are not kept, only who they are for.`,
		Example: "  classrelay token list",
		Args:    cobra.NoArgs,
		RunE: work(func(ctx context.Context) error {
			return withEnroller(ctx, path, func(ctx context.Context, e *enroller) error {
				tokens, err := e.store.Tokens(ctx)
				if err != nil {
					return err
				}
				return writeTokens(t, tokens, time.Now())
			})
		}),
	}
	nodeFlag(cmd, &path)
	return cmd
}

func writeTokens(t terminal, tokens []store.Token, now time.Time) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, strings.Join([]string{"SCHOOL", "ROLE", "MADE", "GOOD UNTIL", "STATE"}, "\t"))
	const minute = "2006-01-02 15:04"
	for _, k := range tokens {
		state := "open"
		switch {
		case k.UsedBy != "":
			state = fmt.Sprintf("used by %s at %s", enrol.UserOf(k.UsedBy), k.UsedAt.Local().Format(minute))
		case !now.Before(k.Expires):
			state = "expired"
		}
		_, _ = fmt.Fprintln(w, strings.Join([]string{
			k.School, k.Role, k.Made.Local().Format(minute), k.Expires.Local().Format(minute), state,
		}, "\t"))
	}
	return w.Flush()
}
