package scenario

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/truth"
)

// decoding is what a run needs whose pictures are decoded and compared with the
// camera's. Nil does nothing.
type decoding struct {
	films *truth.Library
	film  *truth.Film
	spool *truth.Spool
}

// JudgeDecoded gives every scenario the rule that no picture may be wrong, unless it
// has one about that already.
func JudgeDecoded(all []*Scenario) error {
	rule, err := ParseRule("wrong_pictures == 0")
	if err != nil {
		return err
	}
	for _, s := range all {
		about := func(r Rule) bool { return r.Figure.Name == rule.Figure.Name }
		if !slices.ContainsFunc(s.Rules, about) {
			s.Rules = append(s.Rules, rule)
		}
	}
	return nil
}

// NeedsDecoding names a scenario with a rule that nobody can judge without decoding;
// nil when there is none.
func NeedsDecoding(all []*Scenario) error {
	for _, s := range all {
		for _, r := range s.Rules {
			if n := r.Figure.Name; n == "wrong_pictures" || n == "pictures_compared" {
				return fmt.Errorf("%s has the rule %q, which needs --decode", s.Name, r)
			}
		}
	}
	return nil
}

// playOne plays a scenario, with decoding when the bench has films.
func (b *Bench) playOne(ctx context.Context, s *Scenario, seed uint64) Run {
	if b.Films == nil {
		return Play(ctx, s, seed, b.Version, b.Progress, b.Log)
	}
	r, err := b.playKept(ctx, s, seed)
	if err != nil {
		return Run{Seed: seed, Figures: map[string]*float64{}, Failed: err.Error()}
	}
	return r
}

// playKept keeps what the viewer gets while it plays, in a folder that goes away.
func (b *Bench) playKept(ctx context.Context, s *Scenario, seed uint64) (Run, error) {
	film, err := b.Films.Film(ctx, s.MainRate, s.SubRate)
	if err != nil {
		return Run{}, err
	}
	dir, err := os.MkdirTemp("", "classrelay-bench-")
	if err != nil {
		return Run{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the operating system cleans up what is left
	spool, err := truth.NewSpool(dir)
	if err != nil {
		return Run{}, err
	}
	dec := &decoding{films: b.Films, film: film, spool: spool}
	r := playDecoded(ctx, s, seed, b.Version, dec, b.Progress, b.Log)
	return r, spool.Close() // once more when all went well, which does no harm
}

func playDecoded(
	ctx context.Context, s *Scenario, seed uint64, version string,
	dec *decoding, progress func(Second), log *zap.Logger,
) Run {
	w, err := play(ctx, s, seed, version, dec, progress, log)
	if err != nil {
		return Run{Seed: seed, Figures: map[string]*float64{}, Failed: err.Error()}
	}
	return w.run
}

// into lets the chain play the film and keep what comes of it.
func (d *decoding) into(cfg *chain.Config) {
	if d != nil {
		cfg.Source, cfg.Keep = d.film, d.spool
	}
}

// judge decodes a run that is over. One that was interrupted does not count, and
// nobody waits for it.
func (d *decoding) judge(ctx context.Context, w *watch) error {
	if d == nil || w.run.Interrupted {
		return nil
	}
	if err := d.spool.Close(); err != nil {
		return fmt.Errorf("keep what the viewer gets: %w", err)
	}
	v, err := d.films.FFmpeg().Check(ctx, d.spool, d.film, w.chain.Camera.Shown)
	if ctx.Err() != nil {
		w.run.Interrupted = true
		return nil //nolint:nilerr // it is the interruption that broke it off
	}
	if err != nil {
		return err
	}
	note(&w.run, v)
	return nil
}

// note puts what decoding has shown in figures.
func note(r *Run, v *truth.Verdict) {
	r.Decoded = v
	r.set("pictures_compared", float64(v.Compared))
	wrong := float64(v.Wrong)
	if v.Compared == 0 {
		wrong = never // nothing was proved, which is no proof
	}
	r.set("wrong_pictures", wrong)
}

// WriteDecoded writes for people what decoding has shown: a line for each run, and
// the first of what was wrong.
func WriteDecoded(w io.Writer, films *truth.Library, results []Result) error {
	_, err := fmt.Fprintf(w, "\npictures decoded by ffmpeg %s and compared with the camera's:\n", films.FFmpeg().Version)
	for i := range results {
		s := results[i].scenario
		for _, r := range results[i].Runs {
			if r.Decoded == nil || err != nil {
				continue
			}
			_, err = fmt.Fprintf(w, "%s, seed %d: %d compared (%d of the sub stream), %d wrong; the camera showed %s\n",
				s.Name, r.Seed, r.Decoded.Compared, r.Decoded.Sub, r.Decoded.Wrong, films.About(s.MainRate, s.SubRate))
			for _, what := range r.Decoded.Findings {
				_, _ = fmt.Fprintf(w, "  %s\n", what) // the next line says when it cannot be written
			}
		}
	}
	return err
}
