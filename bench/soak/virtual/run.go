package virtual

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/classrelay/classrelay/bench/soak"
)

// Config says how long a day is.
type Config struct {
	// For is how much virtual time passes.
	For time.Duration
	// Window is how often everything is measured, after a garbage collection;
	// 0 = one minute.
	Window time.Duration
	// Seed is where all chance comes from.
	Seed uint64
}

const (
	// inTime is when a frame is in time, as everywhere.
	inTime = 300 * time.Millisecond
	// enough of the pictures in a window, and too little of the sound: then sound
	// stays away while the picture comes.
	enough, tooLittle = 0.9, 0.5
	// breath is how often ctx is looked at.
	breath = 4096
	// collectAt lets the heap grow to five times what is alive.
	collectAt = 400
)

// Run lets a day pass, and tells each window. When ctx ends it returns what there
// is, as interrupted.
func Run(ctx context.Context, cfg Config, each func(soak.Window)) (*soak.Log, error) {
	if cfg.Window <= 0 {
		cfg.Window = time.Minute
	}
	l := &soak.Log{Windows: make([]soak.Window, 0, cfg.For/cfg.Window+1), Before: soak.Look()}
	w, err := newWorld(cfg.Seed, l)
	if err != nil {
		return nil, fmt.Errorf("virtual soak: %w", err)
	}
	// Twenty megabytes are alive and a gigabyte a minute is made: without this the
	// collector takes a quarter of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	due := cfg.Window
	for n := 0; w.now < cfg.For; n++ {
		if n%breath == 0 && ctx.Err() != nil {
			l.Interrupted = true
			break
		}
		w.step()
		if w.now >= due {
			due += cfg.Window
			l.Windows = append(l.Windows, w.window())
			each(l.Windows[len(l.Windows)-1])
		}
	}
	l.After = soak.Look()
	return l, nil
}

// window sums up what the steady viewer saw since the last one.
func (w *world) window() soak.Window {
	room, v := w.rooms[0], w.steady
	latencies := v.takeLatencies()
	out := soak.Window{
		At: w.now.Seconds(), Frames: room.frames, Good: len(latencies), InTime: v.inTime, Viewers: 1 + len(w.viewers),
		Broken: v.video.broken + v.audio.broken + int(v.video.splicer.Stats().Broken),
	}
	if n := len(latencies); n > 0 {
		out.P50, out.P99 = millis(latencies[(n-1)/2]), millis(latencies[(n*99+99)/100-1])
	}
	// With its doubled packets sound is harder to lose than a picture.
	seen, heard := float64(len(latencies)), float64(v.audio.packets)
	if room.frames > 0 && seen > enough*float64(room.frames) && heard < tooLittle*float64(room.sounds) {
		w.fault("sound", fmt.Sprintf("%d of %d packets of sound, but %d of %d frames",
			v.audio.packets, room.sounds, len(latencies), room.frames))
	}
	room.frames, room.sounds, v.audio.packets = 0, 0, 0
	v.video.broken, v.audio.broken, v.latencies = 0, 0, v.latencies[:0]
	v.inTime = 0
	runtime.GC() // what is measured next is alive
	out.Process = soak.Look()
	return out
}

func millis(d time.Duration) *float64 {
	ms := float64(d) / float64(time.Millisecond)
	return &ms
}
