package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/identity"
)

func newCA(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "The county's certificates",
		Long: `Every link between nodes is encrypted, and both ends show a certificate of one
county CA. The CA is a folder on one machine; keep ca-key.pem in it secret.`,
		Args: cobra.NoArgs,
		RunE: help,
	}
	cmd.AddCommand(newCAInit(t), newCAIssue(t))
	return cmd
}

func newCAInit(t terminal) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "init --dir DIR",
		Short:   "Make the county CA (once)",
		Example: "  classrelay ca init --dir pki",
		Args:    cobra.NoArgs,
		RunE: work(func(context.Context) error {
			if err := identity.InitCA(dir); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.out, "The county CA is in %s. "+
				"Now, for each node: classrelay ca issue --dir %s --name NAME\n", dir, dir)
			return err
		}),
	}
	dirFlag(cmd, &dir)
	return cmd
}

func newCAIssue(t terminal) *cobra.Command {
	var (
		dir, name string
		hosts     []string
		renew     bool
		member    identity.Member
		role      string
	)
	cmd := &cobra.Command{
		Use:   "issue --dir DIR --name NAME [--host HOST]...",
		Short: "Make a node's key and certificate, good for 90 days",
		Long: `Writes DIR/NAME with cert.pem, key.pem and ca.pem. Copy that folder to the node and
name it in its configuration as identity.

With --host the certificate is good only where the node is dialled by one of these
names or addresses; without, at any address.

With --county and --role the certificate says what the node is in its county, as those do
that nodes get who join with a code (classrelay token add). The first hub of a county is
made like this; the others can join.

With --renew a node's certificate is replaced by one that is good for another 90
days; its key and its hosts stay. A running node takes it at the next reload.`,
		Example: `  classrelay ca issue --dir pki --name hub --host hub.example.org --host 10.77.0.1
  classrelay ca issue --dir pki --name yinshan
  classrelay ca issue --dir pki --name hub-a --county c1 --role hub --host 10.77.0.1
  classrelay ca issue --dir pki --name yinshan --renew`,
		Args: cobra.NoArgs,
		RunE: work(func(context.Context) error {
			member.Node, member.Role = name, identity.Role(role)
			if member.Role == identity.School && member.School == "" {
				member.School = name
			}
			var err error
			if renew {
				err = identity.Renew(dir, name, hosts...)
			} else {
				err = identity.IssueMember(dir, member, hosts...)
			}
			if err != nil {
				return err
			}
			out := filepath.Join(dir, name)
			id, err := identity.Load(out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.out, "%s is node %s until %s.\n", out, id.Name(), id.NotAfter().Format("2006-01-02"))
			return err
		}),
	}
	dirFlag(cmd, &dir)
	cmd.Flags().StringVar(&name, "name", "", "the node's `name`, as in its configuration")
	_ = cmd.MarkFlagRequired("name") // fails for a flag that is not there only
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "a `name or address` the node is dialled at (may be repeated)")
	cmd.Flags().StringVar(&member.County, "county", "", "the county's `name`")
	cmd.Flags().StringVar(&role, "role", "", "school, hub, city or province (default: none, which counts as a hub)")
	cmd.Flags().StringVar(&member.School, "school", "", "whose machine it is, with --role school (default: as --name)")
	cmd.Flags().BoolVar(&renew, "renew", false, "prolong a certificate that is there")
	return cmd
}

func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "the CA's `folder`")
	_ = cmd.MarkFlagRequired("dir") // fails for a flag that is not there only
	_ = cmd.MarkFlagDirname("dir")  // the same
}
