package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

func newRevoke(t terminal) *cobra.Command {
	var path, reason string
	cmd := &cobra.Command{
		Use:   "revoke NODE [--reason WORDS]",
		Short: "Shut a node out of the county",
		Long: `Revokes every certificate that the node has. Its links are cut within ten seconds, and it
is not let in again before it joins with a new code.

Run this on the machine with the county's CA, where county.ca is set.`,
		Example: `  classrelay revoke s012 --reason "the computer was stolen"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			node := args[0]
			if err := identity.CheckName(node); err != nil {
				return err
			}
			return work(func(ctx context.Context) error {
				return withEnroller(ctx, path, func(ctx context.Context, e *enroller) error {
					return revoke(ctx, t, e, node, reason)
				})
			})(cmd, args)
		},
	}
	nodeFlag(cmd, &path)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	return cmd
}

func revoke(ctx context.Context, t terminal, e *enroller, node, reason string) error {
	now := time.Now()
	if err := e.knowIssued(ctx, node); err != nil {
		return err
	}
	serials, err := e.store.RevokeNode(ctx, node, reason, now)
	if errors.Is(err, store.ErrNoCert) {
		return failed(fmt.Errorf("no certificate of a node %s was given out here", node))
	}
	if err != nil {
		return err
	}
	for _, s := range serials {
		err := e.store.Audit(ctx, store.Event{
			At: now, Actor: operator(), Source: "classrelay revoke", Action: "cert.revoke", Object: s,
			Result: fmt.Sprintf("ok: of %s: %s", node, reason),
		})
		if err != nil {
			return err
		}
	}
	if len(serials) == 0 {
		_, err = fmt.Fprintf(t.out, "%s has no certificate that is still good: nothing was to be done.\n", node)
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s is shut out: %d of its certificates are revoked. Its links end within ten seconds.\n",
		node, len(serials))
	return err
}

// knowIssued writes the certificate down that a node was given by hand, so that it can be
// revoked like the others.
func (e *enroller) knowIssued(ctx context.Context, node string) error {
	cert, err := identity.Issued(e.cfg.County.CA, node)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	certs, err := e.store.Certs(ctx)
	if err != nil || slices.ContainsFunc(certs, func(c store.Cert) bool { return c.Serial == identity.SerialOf(cert) }) {
		return err
	}
	return e.store.AddCert(ctx, certOf(node, cert))
}

func certOf(node string, cert *x509.Certificate) store.Cert {
	role := identity.Hub
	if m, err := identity.MemberOf(cert); err == nil {
		role = m.Level()
	}
	return store.Cert{
		Serial: identity.SerialOf(cert), Node: node, Role: string(role),
		Issued: identity.IssuedAt(cert), Expires: cert.NotAfter,
	}
}
