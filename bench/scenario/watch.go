package scenario

import (
	"context"
	"math"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/media"
)

// watch looks at a run while it goes on.
type watch struct {
	scenario *Scenario
	chain    *chain.Chain
	run      Run

	first      time.Time // when the first picture was seen; zero = none yet
	looks      int       // since then
	onMain     int       // looks that found the main stream
	backOnMain float64   // ms since recovery; never = not yet
	sent       map[session]sent
	lines      []LineReport // at the last full second
	recorder   *recorder
	hops       *hops
}

// session is one link's life: after an outage the same two nodes may have another,
// which counts from zero.
type session struct {
	node, peer string
	since      time.Time
}

// sent is what a node sent down a link, in bytes.
type sent struct{ media, parity, padding uint64 }

func newWatch(s *Scenario, seed uint64, c *chain.Chain) *watch {
	return &watch{
		scenario: s, chain: c, run: Run{Seed: seed}, backOnMain: never,
		recorder: newRecorder(c.Began, s.For), hops: newHops(),
		sent:  make(map[session]sent),
		lines: make([]LineReport, len(c.Lines)),
	}
}

// follow watches until the scenario's time is up, ctx ends, or no picture comes: then
// the figures say so.
func (w *watch) follow(ctx context.Context, progress func(Second)) {
	_ = Follow(ctx, firstPicture, w.scenario.For, nil, func(now time.Time, second bool) bool {
		view := w.chain.Viewer.Snapshot()
		w.look(now, &view)
		w.record(now)
		if second {
			w.second(now, view, progress)
		}
		return !w.first.IsZero()
	})
}

// look notes which layer the viewer has.
func (w *watch) look(now time.Time, view *viewer.Snapshot) {
	if view.Layer == "" {
		return
	}
	if w.first.IsZero() {
		w.first = now
	}
	w.looks++
	const still = 200 * time.Millisecond // five frames: the picture stands
	onMain := view.Layer == media.LayerMain.String() && view.SilentMs < millis(still)
	if onMain {
		w.onMain++
	}
	since := now.Sub(w.chain.Began) - w.scenario.RecoversAt
	if onMain && w.scenario.RecoversAt > 0 && since >= 0 && math.IsInf(w.backOnMain, 1) {
		w.backOnMain = millis(since)
	}
}

// second reads the counters and tells progress.
func (w *watch) second(now time.Time, view viewer.Snapshot, progress func(Second)) {
	w.count()
	w.recordNodes(now)
	var offered, lost, bytes uint64
	for i, l := range w.chain.Lines {
		before, after := w.lines[i], reportLine(l.Stats())
		offered += after.Offered - before.Offered
		lost += after.lost() - before.lost()
		bytes = after.Bytes - before.Bytes // of the last line in the end
		w.lines[i] = after
	}
	s := Second{
		Scenario: w.scenario.Name, Seed: w.run.Seed, Of: w.scenario.For, View: view,
		Lost: share(lost, offered), Rate: float64(bytes) * 8,
	}
	if !w.first.IsZero() {
		s.At = now.Sub(w.first)
	}
	progress(s)
}

// count reads what each node has sent down; those figures are at most a second
// old, and go away with their link.
func (w *watch) count() {
	for _, n := range w.chain.Nodes {
		st := n.Status()
		for i := range st.Links {
			l := &st.Links[i]
			if !l.Dialled { // the lower node dials
				w.sent[session{st.Node, l.Peer, l.Since}] = sent{l.Down.Bytes, l.Down.Parity, l.Down.Padding}
			}
		}
	}
}

// finish puts the run in figures, when the viewer has stopped.
func (w *watch) finish(interrupted bool) {
	w.count()
	w.recordEnd(time.Now())
	r := &w.run
	r.Interrupted = interrupted
	r.Viewer = w.chain.Viewer.Report(w.chain.Camera.Stats().LastFrame)
	if !w.first.IsZero() {
		r.Seconds = time.Since(w.first).Seconds()
	}
	var lost, offered, overrun uint64
	late := 0.0
	for _, l := range w.chain.Lines {
		rep := reportLine(l.Stats())
		r.Lines = append(r.Lines, rep)
		lost, offered, overrun = lost+rep.lost(), offered+rep.Offered, overrun+rep.Overrun
		late = max(late, rep.LateP99Ms)
	}
	r.Late = late > millis(netem.LateLimit) || overrun > 0
	r.Timeline.explain(w.scenario.plan(), r.Late)
	r.Figures = make(map[string]*float64, len(figures))
	for name, v := range w.figures() {
		r.set(name, v)
	}
	r.set("lost_on_line", share(lost, offered))
	if v, ok := w.bulkShare(); ok {
		r.set("bulk_share", v)
	}
	r.set("emulator_late_p99", late)
	r.set("emulator_overrun", float64(overrun))
}

// set notes a figure; one that never came is null, since JSON has no infinity.
func (r *Run) set(name string, v float64) {
	r.Figures[name] = nil
	if !math.IsInf(v, 0) && !math.IsNaN(v) {
		r.Figures[name] = &v
	}
}

// figures are those of viewer and nodes.
func (w *watch) figures() map[string]float64 {
	v := &w.run.Viewer
	var all sent
	for _, s := range w.sent {
		all.media, all.parity, all.padding = all.media+s.media, all.parity+s.parity, all.padding+s.padding
	}
	f := map[string]float64{
		"good_in_300ms":  v.GoodIn300msRatio,
		"good_in_time":   v.GoodIn300msRatio,
		"p50":            v.Latency.P50,
		"p95":            v.Latency.P95,
		"p99":            v.Latency.P99,
		"max":            v.Latency.Max,
		"longest_stall":  v.LongestStallMs,
		"stalled":        v.StalledMs,
		"stalls":         float64(v.Stalls),
		"audio_gap":      v.AudioGapMaxMs,
		"sound_good":     share(uint64(v.AudioGood), uint64(v.AudioExpected)),
		"broken_frames":  float64(v.Broken + v.Undecodable),
		"overhead":       share(all.parity, all.media),
		"padding":        share(all.padding, all.media),
		"main_share":     share(uint64(w.onMain), uint64(w.looks)),
		"layer_switches": float64(v.LayerSwitches),
		"back_on_main":   w.backOnMain,
		"first_frame":    v.FirstFrameMs,
	}
	if w.scenario.Deadline != usualDeadline {
		delete(f, "good_in_300ms")
	}
	if w.scenario.RecoversAt == 0 {
		delete(f, "back_on_main")
	}
	if v.AudioExpected == 0 { // the camera is mute
		delete(f, "sound_good")
	}
	if v.FramesGood == 0 { // then these zeros mean that nothing came at all
		for _, name := range []string{"p50", "p95", "p99", "max", "longest_stall", "stalled", "audio_gap", "first_frame"} {
			f[name] = never
		}
	}
	return f
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
