package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/config"
)

// terminal is where a command reads and writes.
type terminal struct {
	in       *os.File
	out, err io.Writer
	args     []string // what the program was called with
}

// The exit statuses.
const (
	statusOK     = 0
	statusFailed = 1 // something was checked and found wanting
	statusCannot = 2 // the command could not do its work
	statusUsage  = 3 // the command was called wrongly
)

// failure is an error of a command that was called rightly.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// failed marks an error as the result of a check: exit status 1.
func failed(err error) error { return &failure{statusFailed, err} }

// work wraps what a command does. Its errors mean exit status 2 unless they say
// otherwise; an error from outside of it is one of usage.
func work(f func(ctx context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		err := f(cmd.Context())
		if err == nil {
			return nil
		}
		if _, ok := errors.AsType[*failure](err); ok {
			return err
		}
		return &failure{statusCannot, err}
	}
}

// run is the program, without the process around it.
func run(args []string, t terminal) (status int) {
	t.args = args
	root := newRoot(t)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(context.Background())
	if err == nil {
		return statusOK
	}
	if f, ok := errors.AsType[*failure](err); ok {
		complain(t.err, cmd, err)
		return f.status
	}
	complain(t.err, cmd, err)
	_, _ = fmt.Fprintf(t.err, "See: %s --help\n", cmd.CommandPath())
	return statusUsage
}

// complain writes one line per problem. Those of a configuration begin with the
// file and the line, as compilers write them, so that an editor can jump there.
func complain(w io.Writer, cmd *cobra.Command, err error) {
	if e, ok := errors.AsType[*config.Error](err); ok && e.File != "" {
		_, _ = fmt.Fprintln(w, e)
		return
	}
	_, _ = fmt.Fprintf(w, "%s: %v\n", cmd.CommandPath(), err)
}

func newRoot(t terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "classrelay",
		Short: "Carry a classroom's picture and sound to the schools that watch it",
		Long: `classrelay takes cameras in over RTSP, carries them between schools as RTP over
QUIC across lines that lose packets, and gives them out over RTSP.

Every place runs the same node; what it does follows from its configuration.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.RunE = help
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.AddCommand(newServe(t), newJoin(t), newCheck(t), newCA(t), newToken(t), newRevoke(t), newUser(t), newClass(t),
		newCounty(t), newProbe(t), newStatus(t), newDoctor(t), newAudit(t), newPromote(t), newCamera(t), newDemo(t),
		newBench(t), newVersion(t))
	eachCommand(root, func(c *cobra.Command) { c.DisableFlagsInUseLine = true })
	return root
}

// configFlag adds --config to a command.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "the node's configuration `file` (YAML)")
	_ = cmd.MarkFlagRequired("config")                // fails for a flag that is not there only
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // the same
}

// help is what a command that only has subcommands does. It lets a subcommand
// that is not there be an error, where the library would print help and be content.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func eachCommand(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, f)
	}
}
