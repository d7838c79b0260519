package flood

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/pause"
	"github.com/classrelay/classrelay/roq"
)

// Config says what is sent, and for how long.
type Config struct {
	// For is how long each lesson is.
	For time.Duration
	// Rate is how many first packets a second the knockers send.
	Rate int
	// Dials is how many handshakes a second others try.
	Dials int
	// Dir is an empty folder. Required.
	Dir     string
	Version string
}

// Row is one lesson.
type Row struct {
	Beside string        `json:"beside"` // what came beside it
	Lesson viewer.Report `json:"lesson"`
	Tries  float64       `json:"tries_per_second"` // of strangers, to connect
	Gate   roq.GateStats `json:"gate"`             // of the hub
	// AddedMs is by how much the lesson's p99 is above that of the first one.
	AddedMs float64 `json:"added_p99_ms"`
}

// Limit is what strangers may add to a lesson's p99.
const Limit = 10 * time.Millisecond

// Met tells whether the lesson was as good as the first one.
func (r *Row) Met() bool {
	return r.Lesson.Latency.P99 > 0 && r.AddedMs <= float64(Limit)/float64(time.Millisecond)
}

// line is what the lessons run over: a school's, with a little loss.
func line() chain.Line {
	p := netem.Profile{Rate: 100e6, Delay: 20 * time.Millisecond, Loss: 0.01}
	return chain.Line{Up: p, Down: p}
}

// stranger is one kind of them: what they do until ctx ends, and how often they tried.
type stranger struct {
	name  string
	run   func(ctx context.Context, hub string) error
	tries func() int64
}

// Run gives a lesson alone, one for each kind of strangers, and one alone again: what
// the machine does by itself must not be taken for theirs. Told is told each row.
func Run(ctx context.Context, cfg Config, told func(Row), log *zap.Logger) (rows []Row, err error) {
	knocks, err := Knocks(ctx, 2*cfg.Rate)
	if err != nil {
		return nil, err
	}
	knockers := &Knockers{Rate: cfg.Rate, Knocks: knocks}
	dialers := &Dialers{Rate: cfg.Dials, Dir: filepath.Join(cfg.Dir, "strangers")}
	for i, s := range []stranger{
		{name: "nobody"},
		{"knockers", func(ctx context.Context, hub string) error {
			knockers.Target = hub
			return knockers.Run(ctx)
		}, knockers.Sent},
		{"dialers", func(ctx context.Context, hub string) error {
			dialers.Target = hub
			return dialers.Run(ctx)
		}, dialers.Tries},
		{name: "nobody again"},
	} {
		dir := filepath.Join(cfg.Dir, fmt.Sprintf("lesson-%d", i+1))
		row, err := lesson(ctx, cfg, dir, s, log)
		if err != nil {
			return rows, err
		}
		if i > 0 {
			row.AddedMs = row.Lesson.Latency.P99 - rows[0].Lesson.Latency.P99
		}
		rows = append(rows, row)
		told(row)
	}
	return rows, nil
}

// lesson is one lesson with one kind of strangers.
func lesson(ctx context.Context, cfg Config, dir string, s stranger, log *zap.Logger) (Row, error) {
	row := Row{Beside: s.name}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return row, err
	}
	c, err := chain.New(chain.Config{Dir: dir, Lines: []chain.Line{line()}, Seed: 1, Version: cfg.Version}, log)
	if err != nil {
		return row, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	running := c.Start(ctx, fail)
	defer running.Stop()
	if err := pause.For(ctx, 2*time.Second); err != nil { // the link comes up before they do
		return row, err
	}
	var strangers sync.WaitGroup
	defer strangers.Wait()
	if s.run != nil {
		besiege, end := context.WithCancel(ctx)
		defer end()
		strangers.Go(func() { // ends by end
			if err := s.run(besiege, c.Hub); err != nil {
				fail(fmt.Errorf("%s: %w", s.name, err))
			}
		})
	}
	if err := pause.For(ctx, cfg.For); err != nil {
		return row, err
	}
	running.StopViewer()
	row.Lesson = c.Viewer.Report(c.Camera.Stats().LastFrame)
	row.Gate = c.Nodes[0].Gate()
	if s.tries != nil {
		row.Tries = float64(s.tries()) / cfg.For.Seconds()
	}
	return row, nil
}
