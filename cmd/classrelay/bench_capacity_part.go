package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/capacity/egress"
)

// newCapacityPart makes the hidden command that is one process of the bench.
func newCapacityPart(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:    "part",
		Short:  "One process of the bench, started by itself",
		Hidden: true,
		RunE:   help,
	}
	cmd.AddCommand(newCapacitySend(t), newCapacityReceive(t))
	return cmd
}

func newCapacitySend(t terminal) *cobra.Command {
	var cfg egress.SenderConfig
	var profile string
	cmd := newPart(t, "send", &cfg.Mode, func(ctx context.Context) error {
		var begin func() func()
		if profile != "" {
			begin = func() func() { return profileTo(profile, t.err) }
		}
		go giveRoom(ctx, func() int { return cfg.Connections }) // as serve does; ends with ctx
		return egress.Send(ctx, cfg, t.out, begin)
	})
	flags := cmd.Flags()
	flags.IntVar(&cfg.Connections, "connections", 1, "how many receivers to wait for")
	flags.IntVar(&cfg.Rate, "rate", 4_000_000, "bit/s for each")
	flags.DurationVar(&cfg.For, "for", 2*time.Second, "how long to measure")
	flags.StringVar(&cfg.Identity, "identity", "", "folder of the certificate")
	flags.StringVar(&profile, "cpuprofile", "", "write a CPU profile to this file")
	return cmd
}

func newCapacityReceive(t terminal) *cobra.Command {
	var cfg egress.ReceiverConfig
	cmd := newPart(t, "receive", &cfg.Mode, func(ctx context.Context) error {
		bytes, err := egress.Receive(ctx, cfg)
		if err != nil {
			return err
		}
		return json.NewEncoder(t.out).Encode(egress.ReceiveReport{Bytes: bytes})
	})
	flags := cmd.Flags()
	flags.IntVar(&cfg.Connections, "connections", 1, "how many connections to make")
	flags.StringVar(&cfg.To, "to", "", "the sender's address")
	flags.StringVar(&cfg.Identity, "identity", "", "folder of the certificate")
	return cmd
}

// newPart makes a part that goes when the bench that started it does, and reads how to
// send or receive into mode before it runs.
func newPart(t terminal, name string, mode *egress.Mode, run func(ctx context.Context) error) *cobra.Command {
	var how string
	cmd := &cobra.Command{
		Use:  name,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) (err error) {
			*mode, err = egress.ParseMode(how)
			return err
		},
		RunE: work(func(ctx context.Context) error {
			ctx, cancel := untilEnd(ctx, t.in)
			defer cancel()
			return run(ctx)
		}),
	}
	cmd.Flags().StringVar(&how, "mode", "", "how to "+name)
	return cmd
}

// untilEnd is a context that ends with the input: a part goes when the bench that
// started it does.
func untilEnd(ctx context.Context, in *os.File) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the input; the process does not outlive it
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}

// profileTo takes a CPU profile until the function it returns is called. A profile
// that cannot be written is said and not missed.
func profileTo(path string, complaints io.Writer) (stop func()) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		_, _ = fmt.Fprintf(complaints, "no CPU profile: %v\n", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}
