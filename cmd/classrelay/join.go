package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/enrol"
)

func newJoin(t terminal) *cobra.Command {
	var (
		dir, name    string
		replace, run bool
	)
	cmd := &cobra.Command{
		Use:   "join CODE [--dir DIR] [--name NODE]",
		Short: "Make this machine a node of a county, with a code",
		Long: `Asks the hubs in the code for a certificate, and writes into the folder: cert.pem,
key.pem, ca.pem, and node.yaml, a configuration that works as it is. The key is made
here and leaves this machine never.

The code comes from classrelay token add. Small letters, spaces in place of dashes and
O for 0 are all the same. With - in place of it, it is read from standard input.

When the line breaks in the middle, run it again with the same code.`,
		Example: `  classrelay join 195ZX-A4HF1-6H2NY-...
  classrelay join --dir node --name s012-2 195zx a4hf1 6h2ny ...`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			if text == "-" {
				b, err := io.ReadAll(io.LimitReader(t.in, 8<<10))
				if err != nil {
					return err
				}
				text = string(b)
			}
			code, err := enrol.ParseCode(text)
			if err != nil {
				return err
			}
			j := &enrol.Joining{
				Code: code, Name: name, Dir: dir, Replace: replace, Software: programVersion(), Dial: relay.Network{}.Dial,
			}
			return work(func(ctx context.Context) error {
				joined, err := join(ctx, t, j)
				if err != nil {
					return err
				}
				if run {
					return serveSignalled(ctx, joined.Config, t.err)
				}
				_, err = fmt.Fprintf(t.out, "Next: classrelay serve --config %s\n", joined.Config)
				return err
			})(cmd, args)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", installed, "the `folder` for the node's files")
	_ = cmd.MarkFlagDirname("dir") // fails for a flag that is not there only
	cmd.Flags().StringVar(&name, "name", "", "the node's `name`, SCHOOL-SOMETHING for a school's second machine "+
		"(default: as the school)")
	cmd.Flags().BoolVar(&run, "serve", false, "run the node as soon as it has joined, until SIGINT or SIGTERM")
	cmd.Flags().BoolVar(&replace, "replace", false, "give up the identity that is in the folder")
	return cmd
}

func join(ctx context.Context, t terminal, j *enrol.Joining) (*enrol.Joined, error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	joined, err := j.Run(ctx)
	if err != nil {
		return nil, err
	}
	if joined.ClockOff != 0 {
		_, _ = fmt.Fprintln(t.err, enrol.ClockWords(joined.ClockOff))
	}
	m := joined.Member
	of := ""
	if m.County != "" {
		of = " of county " + m.County
	}
	_, _ = fmt.Fprintf(t.out, "This machine is now node %s%s; its certificate is good until %s and renews itself.\n",
		m.Node, of, joined.NotAfter.Format(time.DateOnly))
	if joined.Written {
		_, _ = fmt.Fprintf(t.out, "Its configuration is %s.\n", joined.Config)
	} else {
		_, _ = fmt.Fprintf(t.out, "%s was there already and stays as it is: it must name node %s and its identity.\n",
			joined.Config, m.Node)
	}
	return joined, nil
}
