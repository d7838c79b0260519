package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
)

// Bench measures peers in scenarios.
type Bench struct {
	Scenarios []*scenario.Scenario
	Peers     []*Peer
	// Seeds are how many seeds each scenario is played with, from 1 on.
	Seeds int
	// Once leaves out the second try of a run whose emulator was late.
	Once bool
	// Name is the beginning of the namespaces' names; empty = "compare".
	Name string
	// Classrelay is the path of the program; empty = the one that runs.
	Classrelay string
	// Version of the program.
	Version string
	// Progress is told of each second of each run; nil: nobody.
	Progress func(Second)
	// Done is told of each run that is over; nil: nobody.
	Done func(*Run)
	// Output gets what the peers' programs write; nil: nobody.
	Output io.Writer
	// Log gets what camera, line and viewer say; nil: nobody.
	Log *zap.Logger

	play func(ctx context.Context, s *scenario.Scenario, p *Peer, seed uint64) Run // replaced by tests
}

// Check tells what is in the way of a run: a missing program, no root, a scenario
// that has more than one line.
func (b *Bench) Check() error {
	for _, p := range b.Peers {
		if err := p.Missing(); err != nil {
			return err
		}
	}
	return netem.CanRoute()
}

// ErrLines is wrapped by the error for a scenario that cannot be compared.
var ErrLines = errors.New("there is one line between the two ends of a comparison")

// CheckScenarios tells which scenario cannot be compared.
func CheckScenarios(all []*scenario.Scenario) error {
	for _, s := range all {
		if len(s.Lines) != 1 {
			return fmt.Errorf("scenario %s has %d lines: %w", s.Name, len(s.Lines), ErrLines)
		}
	}
	return nil
}

// Run measures everything: scenario by scenario, seed by seed, all peers in turn.
// When ctx ends it returns what there is.
func (b *Bench) Run(ctx context.Context) (*Result, error) {
	if err := b.setDefaults(); err != nil {
		return nil, err
	}
	res := &Result{Scenarios: b.Scenarios, Seeds: b.Seeds}
	for _, p := range b.Peers {
		res.Peers = append(res.Peers, PeerVersion{Peer: p, Version: b.versionOf(ctx, p)})
	}
	for j := range b.jobs() {
		if ctx.Err() != nil {
			break
		}
		res.Runs = append(res.Runs, b.one(ctx, j.scenario, j.peer, j.seed))
	}
	return res, nil
}

// job is one run to play.
type job struct {
	scenario *scenario.Scenario
	peer     *Peer
	seed     uint64
}

// jobs are all runs in their order: neighbours differ in the peer.
func (b *Bench) jobs() iter.Seq[job] {
	return func(yield func(job) bool) {
		for _, s := range b.Scenarios {
			for seed := range uint64(b.Seeds) {
				for _, p := range b.Peers {
					if !yield(job{s, p, seed + 1}) {
						return
					}
				}
			}
		}
	}
}

// one plays a run, and once more when the emulator was late; the less late one is kept.
func (b *Bench) one(ctx context.Context, s *scenario.Scenario, p *Peer, seed uint64) Run {
	r := b.play(ctx, s, p, seed)
	b.Done(&r)
	if b.Once || !r.Late || !r.counts() {
		return r
	}
	again := b.play(ctx, s, p, seed)
	if again.counts() && again.LateP99Ms < r.LateP99Ms {
		r = again
	}
	r.Repeated = true
	b.Done(&r)
	return r
}

func (b *Bench) versionOf(ctx context.Context, p *Peer) string {
	if p.Name == Ours {
		return b.Version
	}
	return p.version(ctx, b.Classrelay)
}

func (b *Bench) setDefaults() (err error) {
	if b.Progress == nil {
		b.Progress = func(Second) {}
	}
	if b.Done == nil {
		b.Done = func(*Run) {}
	}
	if b.Log == nil {
		b.Log = zap.NewNop()
	}
	if b.Name == "" {
		b.Name = "compare"
	}
	if b.Classrelay == "" {
		if b.Classrelay, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
	}
	if b.play == nil {
		pl := &player{name: b.Name, classrelay: b.Classrelay, log: b.Log, echo: b.Output, progress: b.Progress}
		b.play = pl.play
	}
	return nil
}
