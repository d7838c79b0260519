package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/capacity/egress"
)

func newBenchCapacity(t terminal) *cobra.Command {
	var cfg egress.Config
	cmd := &cobra.Command{
		Use: "capacity",
		RunE: work(func(ctx context.Context) error {
			program, err := os.Executable()
			if err != nil {
				return err
			}
			cfg.Program = partOf(program)
			cfg.Dir, err = os.MkdirTemp("", "classrelay-capacity")
			if err != nil {
				return err
			}
			defer os.RemoveAll(cfg.Dir)
			turns, err := egress.Run(ctx, cfg)
			if err != nil {
				return err
			}
			return egress.WriteTable(t.out, egress.Summarize(turns))
		}),
	}
	cmd.AddCommand(newCapacityPart(t))
	cmd.Flags().StringVar(&cfg.Profile, "cpuprofile", "", "x")
	var modes []string
	cmd.Flags().StringSliceVar(&modes, "modes", nil, "x")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		for _, m := range modes {
			mode, err := egress.ParseMode(m)
			if err != nil {
				return err
			}
			cfg.Modes = append(cfg.Modes, mode)
		}
		return nil
	}
	cmd.Flags().IntVar(&cfg.Rounds, "rounds", 5, "x")
	cmd.Flags().IntVar(&cfg.Connections, "connections", 100, "x")
	cmd.Flags().DurationVar(&cfg.For, "for", 0, "x")
	return cmd
}
