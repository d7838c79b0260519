package webrtc

import (
	"cmp"
	"math/rand/v2"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
)

// leg decides what the way to one page carries, main or sub, by the same cores as a
// link between nodes: package bwe reads the way from the page's feedback, package layer
// judges. A page's way differs from a link in two things. It begins with main, since
// most pages are in the same building, and it ends at sub. And reports come each 50 to
// 100 ms, not each 20, so everything takes a few reports longer.
//
// It is a core: it is told the time, and nothing is known before the first feedback.
type leg struct {
	ledger    ledger
	estimator *bwe.Estimator
	selector  *layer.Selector
	filler    layer.Filler
	trip      trip

	verdict layer.Verdict
	decided time.Time
	rates   layers      // the last that were known
	shown   media.Layer // of the packets that leave now
	some    bool        // some have left
	last    time.Time   // when the last one left
	resumed time.Time   // when packets left again after an idle time
	spent   int         // bytes that left since the filler was last asked
	results []bwe.Result
}

const (
	// lookEvery is how often a leg looks around while no feedback comes.
	lookEvery = 100 * time.Millisecond
	// idleAfter without a packet to send, silence from the page is no news.
	idleAfter = 100 * time.Millisecond
	// padEvery is how often padding is worked out during a probe.
	padEvery = 5 * time.Millisecond
	// packetCost is what a packet costs on the wire beside header and payload: IPv4 and
	// UDP 28, the tag of SRTP with AES-GCM 16 (RFC 7714 §13.1).
	packetCost = 44
	// costShare is what headers and retransmissions add to the rate of a layer.
	costShare = 1.1
)

// newLeg makes one; seed spreads the times of its probes.
func newLeg(seed uint64) *leg {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // it only spreads probes
	return &leg{
		estimator: bwe.New(bwe.Config{}),
		selector:  layer.New(layer.Config{Viewer: true}, random),
	}
}

// leave notes that a packet of size bytes, without packetCost, leaves now, and returns
// its transport-wide number.
func (l *leg) leave(now time.Time, size int) uint16 {
	size += packetCost
	if l.idle(now) {
		l.resumed = now
	}
	l.last = now
	l.spent += size
	l.estimator.OnSent(now, size)
	return l.ledger.leave(now, size)
}

// show notes which layer the packets of the picture belong to from now on.
func (l *leg) show(now time.Time, shown media.Layer) {
	if l.some && shown != l.shown {
		l.estimator.OnLayerChange(now, shown < l.shown)
	}
	l.shown, l.some = shown, true
}

// idle tells that nothing has left for a while and all that did is reported.
func (l *leg) idle(now time.Time) bool {
	return now.Sub(l.last) > idleAfter && !l.estimator.Signals().At.Before(l.last)
}

// quietSince is the time before which silence from the page is no news.
func (l *leg) quietSince(now time.Time) time.Time {
	if l.idle(now) {
		return now
	}
	return l.resumed
}

// feedback takes what the page reports (see ledger.read) and decides anew.
func (l *leg) feedback(now time.Time, raw []byte, rates layers) error {
	results, err := l.ledger.read(now, raw, l.results[:0])
	if err != nil {
		return err
	}
	l.results = results
	if rtt, ok := l.trip.note(now, results); ok {
		l.estimator.SetRTT(rtt)
	}
	l.estimator.OnReport(now, results)
	l.decide(now, rates)
	return nil
}

// look decides when no feedback has come for a while.
func (l *leg) look(now time.Time, rates layers) {
	if l.known() && now.Sub(l.decided) >= lookEvery && !l.probing(now) {
		l.decide(now, rates)
	}
}

// known tells whether the page gives feedback.
func (l *leg) known() bool { return l.ledger.begun }

func (l *leg) decide(now time.Time, rates layers) {
	l.decided = now
	l.verdict = l.selector.Decide(now, l.estimator.Signals(), l.want(now, rates))
}

// layers are the bit rates of a feed's layers, 0 where one is not known.
type layers [media.NumLayers]float64

// want describes the feed. What is not known, or not read now, is taken for ordinary.
func (l *leg) want(now time.Time, rates layers) layer.Want {
	for i, nominal := range [...]float64{layer.NominalMain, layer.NominalSub, layer.NominalAudio} {
		if rates[i] > 0 {
			l.rates[i] = rates[i]
		}
		rates[i] = costShare * cmp.Or(l.rates[i], nominal)
	}
	w := layer.Want{
		Feeds:   []layer.Feed{{Audio: rates[media.LayerAudio], Sub: rates[media.LayerSub], Main: rates[media.LayerMain]}},
		Resumed: l.quietSince(now),
	}
	if l.some {
		w.Sending = rates[l.shown] + rates[media.LayerAudio]
	}
	return w
}

// layer is what the page is to see.
func (l *leg) layer() media.Layer {
	if len(l.verdict.Feeds) > 0 && l.verdict.Feeds[0] != layer.Main {
		return media.LayerSub
	}
	return media.LayerMain
}

// pace bounds the rate at which packets leave, in bit/s; 0: no need. A way that has
// room for main takes a key frame as fast as it comes.
func (l *leg) pace() float64 {
	if l.layer() == media.LayerMain && l.verdict.PaceCap == 0 {
		return 0
	}
	return l.verdict.Pace
}

// probing tells whether padding is wanted now or very soon.
func (l *leg) probing(now time.Time) bool {
	return l.verdict.Probe.Rate > 0 && now.Before(l.verdict.Probe.Until)
}

// padding is how many bytes to send besides, so that the probe's rate is reached.
// To be asked each padEvery while probing.
func (l *leg) padding(now time.Time) int {
	need := l.filler.Fill(now, l.verdict.Probe, l.spent)
	l.spent = 0
	return need
}

// trip is the time from a packet's leaving to the feedback about it, of the quickest
// in the last tripFor to twice that. Feedback comes at an interval, so the first packet
// that it speaks of has waited for all of that, and how long a probe takes to be
// reported is what this is asked for.
type trip struct {
	least, before time.Duration
	since         time.Time // when least began to be collected; zero: nothing yet
}

const tripFor = 10 * time.Second

func (t *trip) note(now time.Time, results []bwe.Result) (time.Duration, bool) {
	for i := range results {
		if results[i].Arrived.IsZero() {
			continue
		}
		took := now.Sub(results[i].Sent)
		switch {
		case t.since.IsZero():
			t.least, t.before, t.since = took, took, now
		case now.Sub(t.since) >= tripFor:
			t.least, t.before, t.since = took, t.least, now
		default:
			t.least = min(t.least, took)
		}
		break
	}
	return min(t.least, t.before), !t.since.IsZero()
}
