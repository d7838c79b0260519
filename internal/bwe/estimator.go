package bwe

import (
	"slices"
	"time"
)

// Result is what became of one packet of the link, told once it is known.
type Result struct {
	// Seq is the packet's place in the order of sending, over all flows of the
	// link. It puts results in order and finds duplicates; only differences count.
	Seq int64
	// Sent is when it left, by our clock.
	Sent time.Time
	// Arrived is when it came, by the peer's clock, whose offset is not known and
	// does not matter. Zero: it is lost.
	Arrived time.Time
	Size    int  // bytes on the wire
	Key     bool // part of a key frame
	// Beside is how many bytes of ours left just before it of which no report will speak:
	// parity, copies of sound. They go the packet's way.
	Beside int
}

// Config of an Estimator. The zero value works.
type Config struct {
	// RTT is the round trip to assume until SetRTT. 0 means 60 ms.
	RTT time.Duration
}

const (
	defaultRTT = 60 * time.Millisecond
	// oldest is the age beyond which a result says nothing about the link now.
	oldest = 10 * time.Second
	// clockJump is a change of delay that no queue makes: the peer's clock was set.
	clockJump = 10 * time.Second
	// clockVotes is how many results in a row have to agree that it was.
	clockVotes = 20
)

// Estimator turns the results of a link's packets into Signals.
type Estimator struct {
	epoch time.Time     // zero of our clock
	zero  time.Duration // the first delay seen; all others are relative to it
	jumps int           // results in a row that say the peer's clock was set

	seen    seen
	base    baseline
	queue   queueing
	rate    arrivals
	train   trains
	phi     share
	phiSlow share
	busy    busyStretch
	loss    lossCount
	contest contest
	sent    sentCount

	scratch []Result
	batch   []arrival
	sig     Signals
}

// arrival is a packet that came, on our time axes.
type arrival struct {
	seq      int64
	sent     time.Duration // since epoch
	at       time.Duration // arrival, on the axis of sent plus an unknown constant
	queue    time.Duration // delay above the path's own
	size     int
	beside   int // bytes of ours that left just before it without a result of their own
	lostSize int // bytes lost just before it
	lost     int // packets lost just before it
}

// New makes an Estimator that knows nothing yet.
func New(cfg Config) *Estimator {
	e := &Estimator{phi: share{memory: 400 * time.Millisecond}, phiSlow: share{memory: 3 * time.Second}}
	e.sig.RTT = cfg.RTT
	if e.sig.RTT <= 0 {
		e.sig.RTT = defaultRTT
	}
	return e
}

// SetRTT tells the round trip of the path without queue, as the transport knows it.
func (e *Estimator) SetRTT(rtt time.Duration) {
	if rtt > 0 {
		e.sig.RTT = min(rtt, oldest)
	}
}

// OnSent counts a packet that left now. It must be called for every packet of
// the link, padding included.
func (e *Estimator) OnSent(now time.Time, size int) { e.sent.add(e.since(now), size) }

// OnLayerChange tells that other layers flow from now on, and whether they are
// more than before. The busy stretch begins anew one round trip later: the queue
// that stands until then was made by the layers that were left. And a thicker flow
// sees losses that a thin one did not, so its fair rate is measured anew.
func (e *Estimator) OnLayerChange(now time.Time, more bool) {
	if more {
		e.contest.restart(e.since(now))
	}
	e.busy.holdUntil(e.since(now) + e.sig.RTT + 20*time.Millisecond)
}

// Rebase forgets the path's own delay, for a connection that moved to another path.
func (e *Estimator) Rebase() {
	e.base = baseline{}
	e.queue = queueing{noise: e.queue.noise}
	e.phi.forget()
	e.phiSlow.forget()
	e.busy = busyStretch{}
	e.train = trains{}
}

// Signals returns what is known since the last report.
func (e *Estimator) Signals() Signals { return e.sig }

// OnReport takes the results of one report. They may be late, repeated and out
// of order; an empty report is one too: it says that the way back works. The
// slice is not kept.
func (e *Estimator) OnReport(now time.Time, results []Result) {
	at := e.since(now)
	e.clean(now, results)
	lost := e.measure(at)
	e.queue.settle(at, e.busy.length() > 0)
	e.share(at)
	for i := range e.batch {
		e.train.add(at, &e.batch[i])
	}
	e.busy.update(at, &e.queue, &e.rate)
	e.contest.update(at, &e.sig, &e.queue, lost)
	e.publish(now, at)
}

func (e *Estimator) since(now time.Time) time.Duration {
	if e.epoch.IsZero() {
		e.epoch = now
	}
	return now.Sub(e.epoch)
}

// clean fills scratch with the results that are new and possible, in order.
func (e *Estimator) clean(now time.Time, results []Result) {
	e.scratch = e.scratch[:0]
	for _, r := range results {
		if age := now.Sub(r.Sent); age < 0 || age > oldest || r.Size < 0 || r.Beside < 0 || !e.seen.first(r.Seq) {
			continue
		}
		e.scratch = append(e.scratch, r)
	}
	inOrder := func(a, b Result) int {
		switch {
		case a.Seq < b.Seq:
			return -1
		case a.Seq > b.Seq:
			return 1
		}
		return 0
	}
	if !slices.IsSortedFunc(e.scratch, inOrder) {
		slices.SortFunc(e.scratch, inOrder)
	}
}

// measure turns scratch into a batch of arrivals with their queueing delay, and
// counts what was lost.
func (e *Estimator) measure(at time.Duration) (lost int) {
	e.batch = e.batch[:0]
	var gap arrival // what was lost since the last arrival
	came := 0
	stands := e.contest.on && e.queue.moves()
	for _, r := range e.scratch {
		if r.Arrived.IsZero() {
			lost++
			gap.lost++
			gap.lostSize += r.Size
			gap.beside += r.Beside
			continue
		}
		came++
		delay, ok := e.delay(r)
		if !ok {
			continue
		}
		a := arrival{
			seq: r.Seq, sent: e.since(r.Sent), size: r.Size, beside: gap.beside + r.Beside,
			queue: delay - e.base.update(at, delay, stands), lost: gap.lost, lostSize: gap.lostSize,
		}
		a.at = a.sent + delay
		gap = arrival{}
		e.queue.add(a.at, a.queue)
		e.rate.add(a.at, a.size)
		e.batch = append(e.batch, a)
	}
	e.loss.add(at, came+lost, lost)
	e.contest.count(e.scratch)
	return lost
}

// delay is the one-way delay of a packet relative to the first one's. It is not
// ok when it can only come from a clock that was set; after enough of those in a
// row the new clock is believed.
func (e *Estimator) delay(r Result) (time.Duration, bool) {
	d := r.Arrived.Sub(r.Sent) // saturates
	if e.base.empty() {
		e.zero = d
	}
	// Saturated differences stay in range because both are halved first.
	if half := d/2 - e.zero/2; half > clockJump/2 || half < -clockJump/2 {
		if e.jumps++; e.jumps < clockVotes {
			return 0, false
		}
		e.Rebase()
		e.zero = d
	}
	e.jumps = 0
	return d - e.zero, true
}

// share measures whose queue it is from the silences in the batch.
func (e *Estimator) share(at time.Duration) {
	if e.queue.now() < shareStands+2*e.queue.noise {
		for i := range e.batch {
			e.phi.skip(&e.batch[i])
			e.phiSlow.skip(&e.batch[i])
		}
		return
	}
	capacity := e.sig.Train
	if capacity <= 0 {
		capacity = e.sig.Capacity
	}
	e.phi.through, e.phiSlow.through = e.sig.Delivered, e.sig.Delivered
	for i := range e.batch {
		e.phi.add(at, &e.batch[i], capacity)
		e.phiSlow.add(at, &e.batch[i], capacity)
	}
}

// publish fills the Signals.
func (e *Estimator) publish(now time.Time, at time.Duration) {
	s := &e.sig
	s.At = now
	s.Queue, s.Queue250, s.Queue500 = e.queue.now(), e.queue.least250(), e.queue.least500()
	s.Noise = e.queue.noise
	s.Busy = e.busy.read()
	s.Train = e.train.median(at)
	s.Phi, s.PhiSlow = e.phi.read(at), e.phiSlow.read(at)
	s.Delivered = e.rate.over(time.Second)
	if rise := 1 - min(s.Phi.Or(0), 0.95); s.Delivered > 0 {
		s.Capacity = s.Delivered / rise
	}
	s.Loss250, _ = e.loss.over(at, 250*time.Millisecond)
	s.Loss600, s.Sent600 = e.loss.over(at, 600*time.Millisecond)
	s.LossUsual = e.loss.usual
	s.Sent = e.sent.rate(at)
	s.Contest = e.contest.read(at, s)
}
