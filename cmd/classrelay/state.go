package main

import (
	"context"
	"errors"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/store"
)

// stateFlag adds --state to a command.
func stateFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "state", "state", "the node's state `folder`")
	_ = cmd.MarkFlagDirname("state") // fails for a flag that is not there only
}

// withStore opens the store of a state folder, beside a running node if there is one,
// and closes it after f.
func withStore(ctx context.Context, dir string, f func(context.Context, *store.Store) error) error {
	s, err := store.OpenExisting(store.In(dir))
	if errors.Is(err, store.ErrDamaged) {
		return failed(err)
	}
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, s), s.Close())
}

// operator is who runs this command, for the audit log.
func operator() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
