package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

func newCheck(t terminal) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Check a configuration and print what would be in force",
		Long: `Reads the configuration and the identity it names, and prints the configuration with
every default filled in and every password masked. It opens no port and dials nobody.

The exit status is 0 when serve would accept it, 1 when not or when the certificate has
run out, 2 when the file could not be read.`,
		Example: "  classrelay check --config hub.yaml",
		Args:    cobra.NoArgs,
		RunE: work(func(context.Context) error {
			cfg, err := config.Load(path, config.System())
			if _, ok := errors.AsType[*config.Error](err); ok {
				return failed(err)
			}
			if err != nil {
				return err
			}
			if _, err := newNode(cfg, zap.NewNop()); err != nil {
				return failed(err)
			}
			if err := inTime(cfg); err != nil {
				return failed(err)
			}
			out, err := cfg.Effective()
			if err != nil {
				return err
			}
			_, err = t.out.Write(out)
			return err
		}),
	}
	configFlag(cmd, &path)
	return cmd
}

// newNode makes the node of a configuration, with its identity where it has one.
func newNode(cfg *config.Config, log *zap.Logger) (*relay.Node, error) {
	var id *identity.Identity
	if cfg.Identity != "" {
		var err error
		if id, err = identity.Load(cfg.Identity); err != nil {
			return nil, err
		}
	}
	return relay.New(cfg, id, log, relay.Options{Version: programVersion()})
}

// inTime tells whether the certificate is out of its time. A node runs with such a one, to
// renew it and to serve its own school, but has no links.
func inTime(cfg *config.Config) error {
	if cfg.Identity == "" {
		return nil
	}
	id, err := identity.Load(cfg.Identity)
	if err != nil {
		return err
	}
	return id.Check()
}
