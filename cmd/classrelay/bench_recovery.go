package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/recovery"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchRecoveryFlags are the flags of bench recovery.
type benchRecoveryFlags struct {
	frames int
	seed   uint64
	json   string
}

func newBenchRecovery(t terminal) *cobra.Command {
	var f benchRecoveryFlags
	cmd := &cobra.Command{
		Use:   "recovery",
		Short: "Repair of lost packets, beside plain retransmission, in virtual time",
		Long: `Sends frames over links that lose packets, with the planned repair of the product, with
plain retransmission, and with 20 % parity and retransmission, all from the same seed,
in virtual time. The targets stand in the last column: frames on time, frozen, overhead
(all in per cent) and p99 in ms.`,
		Example: `  classrelay bench recovery
  classrelay bench recovery --frames 3000 --json -`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if f.frames < 1 {
				return errors.New("--frames: it is below 1")
			}
			return nil
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchRecovery(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.IntVar(&f.frames, "frames", 30_000, "send so many `frames` over each link")
	flags.Uint64Var(&f.seed, "seed", 1, "the `number` all chance comes from")
	jsonFlag(cmd, &f.json)
	return cmd
}

func runBenchRecovery(ctx context.Context, f *benchRecoveryFlags, t terminal) error {
	env := scenario.Here(programVersion(), t.commandLine())
	cells := recovery.Cells()
	rows, err := recoverAll(ctx, cells, f, t.err)
	if err != nil {
		return err
	}
	if err := recovery.Write(t.screen(f.json), rows); err != nil {
		return err
	}
	rep := benchReport[recoveryRow]{Schema: scenario.Schema, Bench: "recovery", Environment: env}
	missed, judged := "", 0
	for i := range rows {
		if r := &rows[i]; r.Scheme == recovery.Planned {
			judged++
			if !r.Met() && missed == "" {
				missed = r.Cell.String()
			}
		}
		rep.Rows = append(rep.Rows, newRecoveryRow(&rows[i]))
	}
	rep.judge(missed == "", judged == len(cells))
	if err := toFile(f.json, t.out, writeJSON(rep)); err != nil {
		return err
	}
	return rep.exit(missed)
}

// recoverAll plays the cells, on all processors, until ctx ends: then it returns
// the rows of those it has finished, in order.
func recoverAll(
	ctx context.Context, cells []recovery.Cell, f *benchRecoveryFlags, progress io.Writer,
) ([]recovery.Row, error) {
	rows := make([][]recovery.Row, len(cells))
	var mu sync.Mutex // guards next, done, fault and progress
	next, done := 0, 0
	var fault error
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if next == len(cells) || ctx.Err() != nil || fault != nil {
			return -1
		}
		next++
		return next - 1
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		// Ends when there are no more cells, or at the next one when ctx ends.
		workers.Go(func() {
			for i := take(); i >= 0; i = take() {
				got, err := recovery.Run(cells[i:i+1], f.frames, f.seed)
				mu.Lock()
				rows[i], done = got, done+1
				if err != nil {
					fault = err
				}
				_, _ = fmt.Fprintf(progress, "%d of %d links: %v\n", done, len(cells), cells[i])
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	var all []recovery.Row
	for _, r := range rows {
		all = append(all, r...)
	}
	return all, fault
}

// recoveryRow is a row in the JSON. Shares are 0 to 1; times that never came are null.
type recoveryRow struct {
	Link     string   `json:"link"`
	Scheme   string   `json:"scheme"`
	Frames   int      `json:"frames"`
	Loss     float64  `json:"loss_ratio"`
	OnTime   float64  `json:"on_time_ratio"`
	Freeze   float64  `json:"freeze_ratio"`
	Overhead float64  `json:"overhead_ratio"`
	P50Ms    *float64 `json:"p50_ms"`
	P99Ms    *float64 `json:"p99_ms"`
	Restored int      `json:"packets_restored"`
	Wrong    int      `json:"packets_wrong"`
	Feedback int      `json:"feedback_bytes"`
	Met      *bool    `json:"met"` // null: this scheme has no target
}

func newRecoveryRow(r *recovery.Row) recoveryRow {
	row := recoveryRow{
		Link: r.Cell.String(), Scheme: r.Scheme, Frames: r.Frames, Loss: r.Loss,
		OnTime: r.OnTime, Freeze: r.Freeze, Overhead: r.Overhead(),
		P50Ms: seenMillis(r.P50), P99Ms: seenMillis(r.P99),
		Restored: r.Restored, Wrong: r.Wrong, Feedback: r.Feedback,
	}
	if r.Scheme == recovery.Planned {
		met := r.Met()
		row.Met = &met
	}
	return row
}

// seenMillis is nil for the hour that stands for a frame that never came.
func seenMillis(d time.Duration) *float64 {
	if d >= time.Hour {
		return nil
	}
	v := millis(d)
	return &v
}
