package scenario

import (
	"context"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/truth"
)

// Bench plays scenarios with several seeds each.
type Bench struct {
	Scenarios []*Scenario
	// Seeds are how many seeds each scenario is played with, from 1 on.
	Seeds int
	// AtOnce is how many runs may go on at the same time; 0 = 1. Each run whose
	// emulator is late makes it one less for all that follow, down to half of it:
	// late runs are played again alone in the end.
	AtOnce int
	// Version of the program, told between nodes.
	Version string
	// Films has what cameras show when each picture is to be decoded and compared;
	// nil = it is not.
	Films *truth.Library
	// Progress is told of each second of each run, by several goroutines when
	// AtOnce is above 1. Nil: nobody.
	Progress func(Second)
	// Done is told of each run that is over, the late ones too, one at a time. Nil:
	// nobody.
	Done func(*Scenario, *Run)
	// Log gets what camera and nodes say. Nil: nobody.
	Log *zap.Logger

	play func(ctx context.Context, s *Scenario, seed uint64) Run // replaced by tests

	mu      sync.Mutex
	results []Result
}

// Run plays everything and returns a result for each scenario. When ctx ends it
// returns what there is: interrupted runs are marked, those never begun are not
// there.
func (b *Bench) Run(ctx context.Context) []Result {
	b.setDefaults()
	b.results = make([]Result, len(b.Scenarios))
	var jobs []job
	for i, s := range b.Scenarios {
		b.results[i] = Result{scenario: s, Seeds: b.Seeds}
		for seed := range b.Seeds {
			jobs = append(jobs, job{scenario: i, seed: uint64(seed + 1)})
		}
	}
	late := b.together(ctx, jobs)
	// Late runs are played again when the machine is quiet: alone.
	for _, j := range late {
		if ctx.Err() != nil {
			break
		}
		r := b.play(ctx, b.Scenarios[j.scenario], j.seed)
		r.Repeated = true
		if r.counts() {
			b.note(j, r)
		}
	}
	for i := range b.results {
		b.results[i].judge()
	}
	return b.results
}

// job is one run to play.
type job struct {
	scenario int
	seed     uint64
}

func (b *Bench) setDefaults() {
	if b.Progress == nil {
		b.Progress = func(Second) {}
	}
	if b.Done == nil {
		b.Done = func(*Scenario, *Run) {}
	}
	if b.Log == nil {
		b.Log = zap.NewNop()
	}
	if b.play == nil {
		b.play = func(ctx context.Context, s *Scenario, seed uint64) Run {
			return b.playOne(ctx, s, seed)
		}
	}
}

// together plays jobs, as many at once as allowed, and returns those that were late.
func (b *Bench) together(ctx context.Context, jobs []job) (late []job) {
	var workers sync.WaitGroup
	var mu sync.Mutex // guards jobs and late
	take := func(worker int) (j job, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(jobs) == 0 || ctx.Err() != nil || worker >= max((b.AtOnce+1)/2, b.AtOnce-len(late), 1) {
			return job{}, false
		}
		j, jobs = jobs[0], jobs[1:]
		return j, true
	}
	for worker := range max(1, b.AtOnce) {
		// Ends when there are no more jobs, or ctx ends and with it the run.
		workers.Go(func() {
			for j, ok := take(worker); ok; j, ok = take(worker) {
				r := b.play(ctx, b.Scenarios[j.scenario], j.seed)
				b.note(j, r)
				if r.Late && r.counts() {
					mu.Lock()
					late = append(late, j)
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return late
}

// note keeps a run; it replaces an earlier one with the same seed, which stays in
// the report.
func (b *Bench) note(j job, r Run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	res := &b.results[j.scenario]
	res.Runs = slices.DeleteFunc(res.Runs, func(old Run) bool {
		if old.Seed == r.Seed {
			res.Discarded = append(res.Discarded, old)
		}
		return old.Seed == r.Seed
	})
	res.Runs = append(res.Runs, r)
	slices.SortFunc(res.Runs, func(a, b Run) int { return int(a.Seed) - int(b.Seed) })
	b.Done(b.Scenarios[j.scenario], &r)
}
