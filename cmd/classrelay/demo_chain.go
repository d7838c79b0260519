package main

import (
	"net"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/internal/freeport"
)

// figures is what a line did over some time.
type figures struct {
	loss float64 // share of the packets offered, 0 to 1
	rate float64 // bit/s that came out

	// What the nodes at its ends know of it.
	lost, restored uint64        // packets of the picture, since the start
	parity         float64       // share of the media
	queue          time.Duration // that stands in front of every packet
	change         string        // the last change of what the line carries, in words
}

// look asks the nodes at both ends.
func (f *figures) look(c *chain.Chain) {
	for _, l := range c.Nodes[0].Status().Links {
		if l.Down.Bytes > 0 {
			f.parity = float64(l.Down.Parity) / float64(l.Down.Bytes)
		}
		f.queue, f.change = l.Down.Path.Signals.Queue, l.Down.Path.Last.Why
	}
	for _, l := range c.Nodes[len(c.Nodes)-1].Status().Links {
		for _, in := range l.In {
			if in.Layer.IsVideo() {
				f.lost += in.Lost
				f.restored += in.Restored
			}
		}
	}
}

func lineFigures(before, after netem.LinkStats, over time.Duration) figures {
	f := figures{rate: float64(after.DeliveredBytes-before.DeliveredBytes) * 8 / over.Seconds()}
	if offered := after.Offered - before.Offered; offered > 0 {
		f.loss = float64(after.Lost()-before.Lost()) / float64(offered)
	}
	return f
}

// demoChain is what the demo runs: the clip over one line, the same both ways.
func demoChain(f demoFlags, dir string) (chain.Config, error) {
	profile, err := netem.Named(f.link)
	if err != nil {
		return chain.Config{}, err
	}
	rtsp := f.rtsp
	if rtsp == "" {
		rtsp = usualOrFree("127.0.0.1:8554")
	}
	return chain.Config{
		Dir: dir, RTSP: rtsp, Seed: f.seed, Version: programVersion(),
		Lines: []chain.Line{{Up: profile, Down: profile}},
	}, nil
}

// demoOutcome is what the viewer saw and what the line did, after StopViewer.
func demoOutcome(c *chain.Chain, f demoFlags, oneWay time.Duration) demoResult {
	st := c.Lines[0].Stats()
	line := lineFigures(netem.LinkStats{}, st.Down, time.Since(c.Began))
	return demoResult{
		Schema:  1,
		Version: programVersion(),
		Link:    f.link,
		Report:  c.Viewer.Report(c.Camera.Stats().LastFrame),
		Line: lineResult{
			OneWayMs:  millis(oneWay),
			LossRatio: line.loss,
			RateMbit:  line.rate / 1e6,
			LateMs: lateness{
				P50: millis(st.Down.Lateness.Quantile(0.5)),
				P99: millis(st.Down.Lateness.Quantile(0.99)),
				Max: millis(st.Down.Lateness.Max()),
			},
			Overrun: st.Overrun,
		},
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// usualOrFree is the address people expect, unless somebody is there already.
func usualOrFree(usual string) string {
	l, err := net.Listen("tcp", usual) //nolint:noctx // an address of our own, at once
	if err != nil {
		return freeport.Address()
	}
	_ = l.Close()
	return usual
}
