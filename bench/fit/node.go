package fit

import (
	"math/rand/v2"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/internal/pacer"
)

// Link is one link of ours across the Path.
type Link struct {
	Feeds int
	// Main and Sub are the rates of the layers on the wire without parity; 0 means
	// those of the note (4.26 and 0.55 Mbit/s). NoSub leaves the sub stream out.
	Main, Sub float64
	NoSub     bool
	KeyBy     float64 // size of a key frame in others; 0 means 8
	From      time.Duration
	// Teacher marks the first feed as the teacher's; the others are pupils'.
	Teacher bool
}

const (
	reportEvery = 20 * time.Millisecond
	reportSpan  = 60 * time.Millisecond
	atOnce      = 4 * time.Millisecond // the least between two reports
	retries     = 2
	ageLimit    = 250 * time.Millisecond // what is older at the sender cannot be in time
	fillEvery   = 5 * time.Millisecond
	gapShown    = 2 * time.Millisecond
)

// packet is one packet of ours, from the camera to the far end's report.
type packet struct {
	seq   int64
	size  int
	sent  instant
	class pacer.Class
	feed  int
	frame *frame
	tries int
	sound int // number of the sound frame, plus one; 0: none

	came    instant
	result  bool // its result was told
	arrived bool
}

// node is the sending end of one link of ours.
type node struct {
	loop   *loop
	link   *link
	cfg    Link
	random *rand.Rand

	pacer    *pacer.Pacer[*packet]
	estimate *bwe.Estimator
	selector *layer.Selector
	far      *far

	cameras []*camera
	feeds   []layer.Feed
	flowing []layer.Picture
	verdict layer.Verdict
	// group decides in the selector's place when links share an uplink.
	group func(n *node)

	seq     int64
	wake    instant
	padding padding
	heard   instant // of the last report
	results []bwe.Result
	score   *score
}

// padding fills the link while a probe runs.
type padding struct {
	layer.Filler
	sent int // bytes since the last tick
	on   bool
}

func newNode(l *loop, link *link, cfg Link, random *rand.Rand) *node {
	n := &node{
		loop: l, link: link, cfg: cfg, random: random,
		pacer:    pacer.New[*packet](pacer.Config{}),
		estimate: bwe.New(bwe.Config{RTT: link.RTT}),
		selector: layer.New(layer.Config{}, random),
		score:    newScore(cfg.Feeds),
		wake:     -1,
	}
	n.far = &far{node: n}
	n.addCameras()
	return n
}

func (n *node) addCameras() {
	mainBits, subBits, keyBy := n.cfg.Main, n.cfg.Sub, n.cfg.KeyBy
	if mainBits == 0 {
		mainBits = mainRate
	}
	if subBits == 0 {
		subBits = subRate
	}
	if n.cfg.NoSub {
		subBits = 0
	}
	if keyBy == 0 {
		keyBy = keySize
	}
	for i := range n.cfg.Feeds {
		c := newCamera(n.random, mainBits, subBits, keyBy)
		n.cameras = append(n.cameras, c)
		f := layer.Feed{Audio: audioRate, Main: c.main.wire()}
		if c.sub != nil {
			f.Sub = c.sub.wire()
		}
		if i == 0 && n.cfg.Teacher {
			f.Importance = layer.Teacher
		}
		n.feeds = append(n.feeds, f)
		n.flowing = append(n.flowing, layer.None)
	}
}

// start sets the cameras and the far end going.
func (n *node) start() {
	n.loop.at(n.cfg.From, func() {
		n.decide()
		for i := range n.cameras {
			first := n.loop.now + instant(n.random.Int64N(int64(frameEvery)))
			n.loop.every(first, frameEvery, func() { n.picture(i) })
			sound := 0
			n.loop.every(first, audioEvery, func() { sound++; n.speak(i, sound) })
		}
		n.loop.every(n.loop.now+reportEvery, reportEvery, n.far.report)
		n.loop.every(n.loop.now+reportEvery+7*time.Millisecond, reportEvery, n.watch)
	})
}

// picture is a camera's next frame of both layers; one of them is sent.
func (n *node) picture(feed int) {
	c := n.cameras[feed]
	mainFrame := c.main.next(c.slot, n.loop.now)
	var subFrame *frame
	if c.sub != nil {
		subFrame = c.sub.next(c.slot, n.loop.now)
	}
	c.slot++
	want := n.verdict.Feeds[feed]
	switch {
	case want == layer.Main && n.flowing[feed] < layer.Main && mainFrame.key:
		n.flow(feed, layer.Main)
	case want == layer.Sub && n.flowing[feed] < layer.Sub && subFrame.key:
		n.flow(feed, layer.Sub)
	}
	n.score.slot(feed, n.loop.now, n.flowing[feed])
	switch n.flowing[feed] {
	case layer.Main:
		n.push(feed, mainFrame)
	case layer.Sub:
		n.push(feed, subFrame)
	case layer.None:
	}
	n.pump()
}

// flow begins to send a picture.
func (n *node) flow(feed int, p layer.Picture) {
	n.estimate.OnLayerChange(clock(n.loop.now), p > n.flowing[feed])
	n.flowing[feed] = p
	n.score.flows(n.loop.now, n.flowing)
}

func (n *node) push(feed int, f *frame) {
	if n.verdict.Blackout {
		return
	}
	now := clock(n.loop.now)
	for _, size := range f.packets {
		n.pacer.Push(now, pacer.Media, pacer.Flow(feed), size,
			&packet{size: size, class: pacer.Media, feed: feed, frame: f})
	}
	for range f.parity {
		n.pacer.Push(now, pacer.Parity, pacer.Flow(feed), fullPacket,
			&packet{size: fullPacket, class: pacer.Parity, feed: feed, frame: f, tries: retries})
	}
}

// speak sends a frame of sound, and the one before it once more.
func (n *node) speak(feed, number int) {
	now := clock(n.loop.now)
	n.score.spoke(feed, number)
	for _, k := range []int{number, number - 1} {
		if k > 0 {
			n.pacer.Push(now, pacer.Audio, pacer.Flow(feed), audioSize,
				&packet{size: audioSize, class: pacer.Audio, feed: feed, sound: k, tries: retries})
		}
	}
	n.pump()
}

// pump sends what may leave and comes back when more may.
func (n *node) pump() {
	now := clock(n.loop.now)
	n.pacer.DropOlder(pacer.Media, now.Add(-ageLimit), nil)
	for {
		p, ok := n.pacer.Pop(now)
		if !ok {
			break
		}
		n.send(p)
	}
	next := n.pacer.Next()
	if next.IsZero() {
		return
	}
	at := max(next.Sub(clock(0)), n.loop.now+1)
	if n.wake > n.loop.now && n.wake <= at {
		return
	}
	n.wake = at
	n.loop.at(at, func() {
		if n.wake == at {
			n.wake = -1
		}
		n.pump()
	})
}

func (n *node) send(p *packet) {
	n.seq++
	p.seq, p.sent = n.seq, n.loop.now
	n.padding.sent += p.size
	n.estimate.OnSent(clock(n.loop.now), p.size)
	n.score.sent(n.loop.now, p)
	f := n.link.send(n.loop.now, p.size, 0)
	if f.lost {
		// The next packet shows the gap; with sound every 20 ms it is never far.
		n.loop.at(f.arrive+gapShown, func() { n.far.miss(p) })
		return
	}
	n.loop.at(f.arrive, func() { n.far.take(p) })
}

// watch decides when no report comes.
func (n *node) watch() {
	if n.loop.now-n.heard > 2*reportEvery {
		n.decide()
	}
}

// hear takes a report.
func (n *node) hear(r report) {
	n.heard = n.loop.now
	n.results = n.results[:0]
	for _, p := range r.came {
		if !p.result {
			p.result = true
			n.results = append(n.results, bwe.Result{
				Seq: p.seq, Sent: clock(p.sent), Arrived: n.farClock(p.came), Size: p.size,
			})
		}
	}
	for _, p := range r.missing {
		if !p.result {
			p.result = true
			n.results = append(n.results, bwe.Result{Seq: p.seq, Sent: clock(p.sent), Size: p.size})
			n.again(p)
		}
	}
	n.estimate.OnReport(clock(n.loop.now), n.results)
	n.decide()
}

// farClock is the far end's clock: set wrong, and perhaps drifting.
func (n *node) farClock(t instant) time.Time {
	return clock(t + instant(float64(t)*n.link.Drift*1e-6)).Add(-777 * time.Second)
}

// again repeats a lost packet while it can still be in time.
func (n *node) again(p *packet) {
	if p.frame == nil || p.tries >= retries || n.loop.now+n.link.RTT/2 > p.frame.capture+deadline {
		return
	}
	n.pacer.Push(clock(n.loop.now), pacer.Repair, pacer.Flow(p.feed), p.size,
		&packet{size: p.size, class: pacer.Repair, feed: p.feed, frame: p.frame, tries: p.tries + 1})
	n.pump()
}
