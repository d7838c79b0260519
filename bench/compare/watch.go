package compare

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/media"
)

// counted counts the bytes of the main stream's pictures.
type counted struct {
	camera.Source
	bytes atomic.Uint64
}

// Picture is for the camera, which asks once for each picture.
func (c *counted) Picture(layer media.Layer, index uint64) camera.Picture {
	p := c.Source.Picture(layer, index)
	if layer == media.LayerMain {
		for _, nal := range p.NALs {
			c.bytes.Add(uint64(len(nal)))
		}
	}
	return p
}

// watch looks at a run while it goes on.
type watch struct {
	run      *Run
	scenario *scenario.Scenario
	peer     *Peer
	viewer   *viewer.Viewer
	router   *netem.Router
	source   *counted
	died     <-chan error

	first         time.Time // when the first picture was seen; zero = none yet
	looks, onMain int       // since then
	media         uint64    // bytes of the main stream when it was seen
	line          uint64    // bytes offered to the line then
	last          netem.LinkStats
}

// follow watches until the scenario's time is up or ctx ends. It fails when a
// program dies or no picture comes.
func (w *watch) follow(ctx context.Context, progress func(Second)) error {
	return scenario.Follow(ctx, w.peer.FirstPicture, w.scenario.For, w.died, func(now time.Time, second bool) bool {
		view := w.viewer.Snapshot()
		w.look(now, &view)
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
		w.media, w.line = w.source.bytes.Load(), w.router.Stats().Down.OfferedBytes
	}
	w.looks++
	const still = 200.0 // ms, five frames: the picture stands
	if view.Layer == media.LayerMain.String() && view.SilentMs < still {
		w.onMain++
	}
}

func (w *watch) second(now time.Time, view viewer.Snapshot, progress func(Second)) {
	down := w.router.Stats().Down
	s := Second{
		Scenario: w.scenario.Name, Peer: w.peer.Name, Seed: w.run.Seed, View: view,
		Lost: share(down.Lost()-w.last.Lost(), down.Offered-w.last.Offered),
		Rate: 8 * float64(down.DeliveredBytes-w.last.DeliveredBytes),
	}
	w.last = down
	if !w.first.IsZero() {
		s.At = now.Sub(w.first)
	}
	progress(s)
}

// finish puts the run in figures, when the viewer has stopped.
func (w *watch) finish(stamped uint64) {
	r := w.run
	r.Viewer = w.viewer.Report(stamped)
	r.Broken = r.Viewer.Broken + r.Viewer.Undecodable
	r.MainShare = share(uint64(w.onMain), uint64(w.looks))
	st := w.router.Stats()
	r.Lost = share(st.Down.Lost(), st.Down.Offered)
	r.LateP99Ms = millis(st.Late(0.99))
	r.Overrun = st.Overrun
	r.Late = r.LateP99Ms > millis(netem.LateLimit) || r.Overrun > 0
	if w.first.IsZero() {
		return
	}
	r.Seconds = time.Since(w.first).Seconds()
	r.LineMbit = 8 * float64(st.Down.OfferedBytes-w.line) / r.Seconds / 1e6
	r.MediaMbit = 8 * float64(w.source.bytes.Load()-w.media) / r.Seconds / 1e6
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
