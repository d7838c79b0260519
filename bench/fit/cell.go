package fit

import (
	"math"
	"math/rand/v2"
	"time"
)

// Cell is one situation to measure.
type Cell struct {
	Test string // of the design note, as T2, or of the issue
	Name string
	Path Path
	// Links of ours; Shared says that they leave one node and share an allocator.
	Links  []Link
	Shared bool
	Bulk   []Bulk
	For    time.Duration
	Warm   time.Duration // figures count from here; 0 means 10 s
	Drop   time.Duration // when the capacity falls, for Decide
	Return time.Duration // when it comes back, for Back
	Marks  []Mark
	Short  bool // part of the short run
}

// Mark is a pass mark.
type Mark struct {
	Figure Figure
	Stat   Stat
	Most   bool // the figure has to be at most Limit, else at least
	Limit  float64
}

// Stat is how a figure of many seeds becomes one number.
type Stat uint8

// The statistics.
const (
	Median Stat = iota
	P95
	Highest
	Lowest
)

// world is one run of a cell.
type world struct {
	cell  *Cell
	loop  *loop
	link  *link
	nodes []*node
	bulk  int64
	over  overrun
}

// overrun watches for more being offered than the link carries.
type overrun struct {
	since, longest instant
	on             bool
	calm           instant // when the queue was below 50 ms after the drop; below 0: not yet
}

const (
	sampleEvery = 5 * time.Millisecond
	calmQueue   = 50 * time.Millisecond
)

// play runs a cell with a seed and returns its figures.
func play(c *Cell, seed uint64) [numFigures]float64 {
	w := newWorld(c, seed)
	w.loop.run(c.For)
	return w.figures()
}

func newWorld(c *Cell, seed uint64) *world {
	random := func(part uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, part)) }
	w := &world{cell: c, loop: &loop{}, over: overrun{calm: -1}}
	w.link = &link{Path: c.Path, random: random(1)}
	for i, l := range c.Links {
		w.nodes = append(w.nodes, newNode(w.loop, w.link, l, random(uint64(100+i))))
	}
	if c.Shared {
		share(w.nodes)
	}
	for _, n := range w.nodes {
		n.start()
	}
	for i, b := range c.Bulk {
		startBulk(w.loop, w.link, b, random(uint64(200+i)), &w.bulk)
	}
	bulkBefore := func() { w.bulk = 0 }
	w.loop.at(w.warm(), bulkBefore)
	w.loop.every(0, sampleEvery, w.sample)
	return w
}

func (w *world) warm() instant {
	if w.cell.Warm > 0 {
		return w.cell.Warm
	}
	return 10 * time.Second
}

// sample looks at what is offered against what the link carries.
func (w *world) sample() {
	now := w.loop.now
	offered := 0.0
	for _, n := range w.nodes {
		for i, p := range n.flowing {
			f := n.feeds[i]
			offered += f.Audio + [...]float64{0, f.Sub, f.Main}[p]
		}
	}
	rate, _ := w.link.rate(now)
	if o := &w.over; offered > rate {
		if !o.on {
			o.on, o.since = true, now
		}
		o.longest = max(o.longest, now-o.since)
	} else {
		o.on = false
	}
	if w.over.calm < 0 && now > w.cell.Drop+100*time.Millisecond && w.link.queue(now) < calmQueue && !w.over.on {
		w.over.calm = now
	}
}

func (w *world) figures() (f [numFigures]float64) {
	c, win := w.cell, window{w.warm(), w.cell.For}
	feeds, good, padding, bytes := 0.0, 0.0, int64(0), int64(0)
	sum, squares := 0.0, 0.0
	f[Decide], f[Back] = 0, 0
	for _, n := range w.nodes {
		s, k := n.score, float64(len(n.feeds))
		on, stall := s.onTime(win)
		all, down, worst := s.switches(win)
		f[Mains] += s.mains(win)
		feeds += k
		good += on * k
		f[Stall] = max(f[Stall], stall.Seconds()*1e3)
		f[Switches] = max(f[Switches], float64(all)*60/win.length())
		f[DownSteps] += float64(down)
		f[WorstMinute] = max(f[WorstMinute], float64(worst))
		f[SoundGap] = max(f[SoundGap], s.soundGap(win, n.cfg.From).Seconds()*1e3)
		padding += s.padding
		bytes += s.bytes
		d := s.delivered(win)
		sum += d
		squares += d * d
		f[Decide] = max(f[Decide], 1e3*since(s.firstDown(c.Drop), c.Drop))
		f[Back] = max(f[Back], since(s.allMain(c.Return), c.Return))
		f[AllMain] = max(f[AllMain], since(s.allMain(n.cfg.From), n.cfg.From))
	}
	f[MainShare] = 100 * f[Mains] / feeds
	f[OnTime] = 100 * good / feeds
	f[Padding] = 100 * float64(padding) / float64(max(bytes, 1))
	f[Jain] = sum * sum / (float64(len(w.nodes)) * squares)
	f[BulkShare] = 100 * float64(w.bulk) * 8 / w.carried(win)
	f[Overrun] = w.over.longest.Seconds()
	f[QueueBack] = 1e3 * since(w.over.calm, c.Drop)
	return f
}

// since is the time from begin to at in seconds; infinite when at never came.
func since(at, begin instant) float64 {
	if at < 0 {
		return math.Inf(1)
	}
	return (at - begin).Seconds()
}

// carried is how many bits the link could carry in the window.
func (w *world) carried(win window) float64 {
	bits := 0.0
	const tick = 10 * time.Millisecond
	for t := win.from; t < win.to; t += tick {
		rate, _ := w.link.rate(t)
		bits += rate * tick.Seconds()
	}
	return bits
}
