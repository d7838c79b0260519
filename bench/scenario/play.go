package scenario

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/truth"
	"github.com/classrelay/classrelay/bench/viewer"
)

// firstPicture is how long a run waits for one: the links of a cascade have to come up
// one after the other.
const firstPicture = 15 * time.Second

// Run is one scenario played with one seed.
type Run struct {
	Seed uint64 `json:"seed"`
	// Figures by name; null is a time that never came.
	Figures map[string]*float64 `json:"figures"`
	Viewer  viewer.Report       `json:"viewer"`
	Lines   []LineReport        `json:"lines"`
	// Decoded is what decoding has shown; nil when nobody asked for it.
	Decoded *truth.Verdict `json:"decoded,omitempty"`
	Seconds float64        `json:"seconds"` // after the first picture
	// Late says that the emulator was late, or lost packets itself: the figures say
	// nothing about the product.
	Late bool `json:"emulator_late"`
	// Repeated says that an earlier try with the same seed was late.
	Repeated bool `json:"repeated"`
	// Interrupted says that it was ended before its time, and does not count.
	Interrupted bool `json:"interrupted"`
	// Failed says why there is no result; empty when there is.
	Failed string `json:"failed,omitempty"`
	// Timeline is what happened when, and Hops what each node saw of the line above
	// it; nil when there is no result.
	Timeline *Timeline `json:"timeline,omitempty"`
	Hops     []Hop     `json:"hops,omitempty"`
}

// value is a figure as a number, with never for null.
func (r *Run) value(name string) float64 {
	if v := r.Figures[name]; v != nil {
		return *v
	}
	return never
}

// counts tells whether rules may be judged by the run.
func (r *Run) counts() bool { return !r.Interrupted && r.Failed == "" }

// Second is what a run shows once a second.
type Second struct {
	Scenario string
	Seed     uint64
	At       time.Duration // since the first picture; 0 = none yet
	Of       time.Duration
	View     viewer.Snapshot
	Lost     float64 // share of the packets that the lines lost on the way down, this second
	Rate     float64 // bit/s that came out of the last line, this second
}

// Play runs a scenario with a seed, in real time. It tells progress once a second,
// from its own goroutine. When ctx ends it returns what there is, as interrupted;
// a Run is returned in any case.
func Play(ctx context.Context, s *Scenario, seed uint64, version string, progress func(Second), log *zap.Logger) Run {
	return playDecoded(ctx, s, seed, version, nil, progress, log)
}

func play(
	ctx context.Context, s *Scenario, seed uint64, version string, dec *decoding, progress func(Second), log *zap.Logger,
) (*watch, error) {
	if err := s.cannot(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "classrelay-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the operating system cleans up what is left
	cfg := chain.Config{
		Dir: dir, Lines: s.Lines, Source: s.Source(seed), Seed: seed, Version: version,
		Tally:      viewer.TallyConfig{Limit: s.Deadline},
		StampSound: true,
	}
	dec.into(&cfg)
	c, err := chain.New(cfg, log)
	if err != nil {
		return nil, err
	}
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	running := c.Start(failed, fail)
	defer running.Stop()
	w := newWatch(s, seed, c)
	w.follow(failed, progress)
	if ctx.Err() == nil && failed.Err() != nil { // a part ended by itself
		return nil, fmt.Errorf("%s, seed %d: %w", s.Name, seed, context.Cause(failed))
	}
	running.StopViewer()
	w.finish(ctx.Err() != nil)
	running.Stop()
	return w, dec.judge(ctx, w)
}

// Source is what the camera shows: with another seed, other bytes in other sizes. Nil is
// the clip in the program.
func (s *Scenario) Source(seed uint64) camera.Source {
	if s.MainRate == 0 {
		return nil
	}
	const noise = 0.2 // pictures of a class vary by about a fifth
	return &camera.Synthetic{MainRate: s.MainRate, SubRate: s.SubRate, Noise: noise, Seed: seed}
}

// LineReport is what one line did on the way down, the way of the media.
type LineReport struct {
	Offered    uint64  `json:"packets_offered"`
	LostQueue  uint64  `json:"lost_queue"`
	LostWire   uint64  `json:"lost_wire"`
	LostOutage uint64  `json:"lost_outage"`
	HeldBack   uint64  `json:"held_back"`
	Bytes      uint64  `json:"bytes_delivered"`
	LateP50Ms  float64 `json:"emulator_late_p50_ms"` // of the worse direction
	LateP99Ms  float64 `json:"emulator_late_p99_ms"`
	LateMaxMs  float64 `json:"emulator_late_max_ms"`
	Overrun    uint64  `json:"emulator_overrun"`
}

func reportLine(st netem.Stats) LineReport {
	return LineReport{
		Offered: st.Down.Offered, LostQueue: st.Down.LostQueue, LostWire: st.Down.LostWire,
		LostOutage: st.Down.LostOutage, HeldBack: st.Down.HeldBack, Bytes: st.Down.DeliveredBytes,
		LateP50Ms: millis(st.Late(0.5)), LateP99Ms: millis(st.Late(0.99)),
		LateMaxMs: millis(max(st.Down.Lateness.Max(), st.Up.Lateness.Max())),
		Overrun:   st.Overrun,
	}
}

// lost is how many packets of the way down did not arrive.
func (l *LineReport) lost() uint64 { return l.LostQueue + l.LostWire + l.LostOutage }
