package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/classrelay/classrelay/bench/report"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchProgress tells how a bench goes on: a terminal sees it redrawn in place, all
// others a line a second, and --json-stream the same for machines.
type benchProgress struct {
	flags  *benchRunFlags
	shown  shown
	stream *report.Stream // nil: not asked for
}

// shown is how people see it.
type shown interface {
	second(s scenario.Second)
	done(s *scenario.Scenario, r *scenario.Run)
	end()
}

func newBenchProgress(f *benchRunFlags, t terminal) *benchProgress {
	p := &benchProgress{flags: f, shown: &benchLines{w: t.err}}
	// Logs and lines of JSON would tear what is redrawn in place.
	if isTerminal(t.err) && !f.verbose && !f.out.stream {
		p.shown = newBenchLive(t.err, f.scenarios, f.seeds, time.Now())
	}
	if f.out.stream {
		p.stream = report.NewStream(t.out)
	}
	return p
}

func (p *benchProgress) start(env *scenario.Environment) {
	if p.stream != nil {
		p.stream.Start(env, p.flags.scenarios, p.flags.seeds)
	}
}

func (p *benchProgress) second(s scenario.Second) {
	p.shown.second(s)
	if p.stream != nil {
		p.stream.Second(&s)
	}
}

func (p *benchProgress) done(s *scenario.Scenario, r *scenario.Run) {
	p.shown.done(s, r)
	if p.stream != nil {
		p.stream.Run(s.Name, r)
	}
}

// end writes the last line of the stream. Its error is the first one of the stream.
func (p *benchProgress) end(rep *scenario.Report) error {
	p.shown.end()
	if p.stream == nil {
		return nil
	}
	p.stream.Verdict(rep)
	if err := p.stream.Err(); err != nil {
		return fmt.Errorf("write result: --json-stream: %w", err)
	}
	return nil
}

// benchLines writes a line a second for each run that goes on.
type benchLines struct {
	mu sync.Mutex // runs may go on side by side
	w  io.Writer
}

func (p *benchLines) end() {}

func (p *benchLines) second(s scenario.Second) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.w, "%s seed %d %s\n", s.Scenario, s.Seed,
		plainLine(s.At, s.View, figures{loss: s.Lost, rate: s.Rate}))
}

func (p *benchLines) done(s *scenario.Scenario, r *scenario.Run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	word := "done"
	switch {
	case r.Failed != "":
		word = "could not run: " + r.Failed
	case r.Interrupted:
		word = "interrupted"
	case r.Late && !r.Repeated:
		word = "the emulator was late: this seed will be repeated"
	}
	_, _ = fmt.Fprintf(p.w, "%s seed %d %s\n", s.Name, r.Seed, word)
}
