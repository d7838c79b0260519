package fanout

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/internal/pacer"
	"github.com/classrelay/classrelay/media"
)

// Allocator decides for several links that leave one node by the same way. It takes
// the place of Selector.Decide, and must be safe for concurrent use: each link has a
// goroutine of its own. See layer.Uplink.
type Allocator interface {
	Decide(now time.Time, s *layer.Selector, sig bwe.Signals, want layer.Want) layer.Verdict
	Leave(s *layer.Selector)
}

// FlowOptions says how a flow is to be treated when not all fits.
type FlowOptions struct {
	// Importance of the feed: who keeps the better picture longer.
	Importance layer.Importance
	// Shown says that a class watches the feed now: its picture comes before those of others.
	Shown bool
	// Fixed pins the feed to one layer (fixed_layer in the configuration).
	Fixed   bool
	FixedAt media.Layer
	// Always sends the layer even while a better one of the same picture is
	// sent: somebody behind the link needs this very one.
	Always bool
}

const (
	// absentAfter: a layer that has given nothing for so long is not there.
	absentAfter = 1500 * time.Millisecond
	// overtakenAfter: a main stream is not there while the sub stream has been coming
	// without it for so long: six frames. A node further up has gone over to sub; its key
	// frames on a thin line are the longest pause that is none, and seen to be usual.
	overtakenAfter = 250 * time.Millisecond
	// repairShare is what repair adds to a layer on an ordinary link.
	repairShare = 1.05
	// wireShare is what headers add to RTP packets of full size (67 of 1311).
	wireShare = 1.05
	// decideEvery is how often a verdict is asked for while no report comes.
	decideEvery = 20 * time.Millisecond
	// knockEvery is how often padding asks for a report during a blackout: the
	// way back is noticed a round trip and at most this long after it is there,
	// for 17 kbit/s. Without it a feed without sound would wait forever, since
	// nothing that leaves is nothing that can be reported.
	knockEvery = 50 * time.Millisecond
	// knockSize is the payload of such padding.
	knockSize = 40
	// idleAfter without a packet to send, silence from the other end is no news.
	idleAfter = 100 * time.Millisecond
	// othersPhi of a queue is somebody else's, as for the selector (rivalPhi), and he is
	// remembered for othersAfter: one who backs off is not seen all the time.
	othersPhi   = 0.4
	othersAfter = 700 * time.Millisecond
	// padEvery is how often padding is worked out during a probe.
	padEvery = 5 * time.Millisecond
)

// steering decides which layers a link carries: what is wanted, the estimator, the
// selector, and its last verdict.
type steering struct {
	estimator *bwe.Estimator
	selector  *layer.Selector
	allocator Allocator
	moved     bool      // since the last verdict
	others    time.Time // when others were seen to fill the queue
	filler    layer.Filler
	verdict   layer.Verdict
	feeds     []wantedFeed
	decided   time.Time
	padded    time.Time
	padding   bool   // a probe runs
	spent     int    // bytes sent since the filler was last asked
	probe     uint16 // sequence number of padding
	lastSent  time.Time
	resumed   time.Time // when packets left again after an idle time
	last      Switch
	switches  uint64
}

// wantedFeed is what the other end wants of a feed.
type wantedFeed struct {
	id     media.FeedID
	layers [media.NumLayers]bool
	FlowOptions
	always [media.NumLayers]bool
}

// Switch is a change of what a link carries, for the log.
type Switch struct {
	At   time.Time
	Why  string // in words, with the numbers that decided
	Rule string
}

// PathState is what the sending side knows about the link, for people.
type PathState struct {
	Loss, Burst float64 // share lost; mean length of a burst in packets
	Signals     bwe.Signals
	Level       int     // rung of the ladder of layers
	Rate        float64 // bit/s of that level
	Pace        float64 // bit/s
	Blackout    bool
	Last        Switch
	Switches    uint64
	Reach       layer.Reach // what the round trip allows
}

func newSteering(cfg DownlinkConfig, random *rand.Rand) steering {
	return steering{
		estimator: bwe.New(bwe.Config{}),
		selector:  layer.New(layer.Config{MaxRate: float64(cfg.MaxRate)}, random),
		allocator: cfg.Allocator,
	}
}

func (s *steering) find(id media.FeedID) int {
	return slices.IndexFunc(s.feeds, func(f wantedFeed) bool { return f.id == id })
}

// want adds a layer of a feed.
func (s *steering) want(id media.FeedID, l media.Layer, o FlowOptions) {
	i := s.find(id)
	if i < 0 {
		s.feeds = append(s.feeds, wantedFeed{id: id})
		i = len(s.feeds) - 1
	}
	f := &s.feeds[i]
	f.layers[l], f.always[l] = true, o.Always
	f.FlowOptions = o
}

// leave takes a layer away.
func (s *steering) leave(id media.FeedID, l media.Layer) {
	i := s.find(id)
	if i < 0 {
		return
	}
	s.feeds[i].layers[l], s.feeds[i].always[l] = false, false
	if s.feeds[i].layers == [media.NumLayers]bool{} {
		s.feeds = slices.Delete(s.feeds, i, i+1)
	}
}

func (s *steering) always(id media.FeedID, l media.Layer) bool {
	i := s.find(id)
	return i >= 0 && s.feeds[i].always[l]
}

// blackout tells that nothing comes back from the other end.
func (s *steering) blackout() bool { return s.verdict.Blackout }

func (s *steering) sent(now time.Time, size int) {
	if s.idle(now) {
		s.resumed = now
	}
	s.lastSent = now
	s.spent += size
	s.estimator.OnSent(now, size)
}

// idle tells that nothing has left for a while and all that did is reported.
func (s *steering) idle(now time.Time) bool {
	return now.Sub(s.lastSent) > idleAfter && !s.estimator.Signals().At.Before(s.lastSent)
}

// quietSince is the time before which silence from the other end is no news.
func (s *steering) quietSince(now time.Time) time.Time {
	if s.idle(now) {
		return now
	}
	return s.resumed
}

func (s *steering) report(now time.Time, fates []bwe.Result) {
	s.estimator.OnReport(now, fates)
	if s.estimator.Signals().Phi.Or(0) > othersPhi {
		s.others = now
	}
}

// changed tells that another layer flows now, and whether it is a better one.
func (s *steering) changed(now time.Time, better bool) { s.estimator.OnLayerChange(now, better) }

// crowdsItself tells that a queue has stood for a while which, as far as is known, we have
// filled, and that no main stream is left that could give way.
func (s *steering) crowdsItself(now time.Time) bool {
	sig := s.estimator.Signals()
	return sig.Queue500-sig.Noise > repairQueue && now.Sub(s.others) > othersAfter &&
		!slices.Contains(s.verdict.Feeds, layer.Main)
}

// Tick asks for a verdict when no report has come for a while. To be called at
// Next or more often.
func (d *Downlink) Tick(now time.Time) {
	if now.Sub(d.steer.decided) >= decideEvery {
		d.decide(now)
	}
}

// decide asks the selector and does what it says.
func (d *Downlink) decide(now time.Time) {
	s := &d.steer
	s.decided = now
	want := d.wanted(now)
	v := s.verdictOn(now, want)
	s.verdict = v
	if v.Blackout {
		d.keepAll(now)
	}
	if v.Changed {
		s.last = Switch{At: now, Why: v.Why, Rule: string(v.Rule)}
		s.switches++
	}
	d.pacer.SetRate(now, v.Pace)
	silence := pacer.Silence{}
	if v.Silence {
		silence = pacer.DefaultSilence()
	}
	d.pacer.SetSilence(silence)
	for i := range want.Feeds {
		d.show(now, want.Feeds[i].ID, v.Feeds[i])
	}
}

// verdictOn asks who decides: the selector alone, or with those of the other links
// that leave by the same way.
func (s *steering) verdictOn(now time.Time, want layer.Want) layer.Verdict {
	want.Moved, s.moved = s.moved, false
	if s.allocator != nil {
		return s.allocator.Decide(now, s.selector, s.estimator.Signals(), want)
	}
	return s.selector.Decide(now, s.estimator.Signals(), want)
}

// Moved tells that the connection is on another path now.
func (d *Downlink) Moved() {
	d.steer.estimator.Rebase()
	d.steer.moved = true
}

// Leave takes the downlink out of its Allocator. To be called when the link ends.
func (d *Downlink) Leave() {
	if a := d.steer.allocator; a != nil {
		a.Leave(d.steer.selector)
	}
}

// keepAll suspends the age rule while nothing can be sent: what waits since the
// newest key frame is the shortest way back to a picture.
func (d *Downlink) keepAll(now time.Time) {
	for _, f := range d.flows {
		if f.active && f.q.video && f.q.bytes > 0 {
			f.q.catchUp = now
		}
	}
}

// wanted describes the feeds to the selector: what their layers cost now.
func (d *Downlink) wanted(now time.Time) layer.Want {
	w := layer.Want{Waiting: d.waiting(now), Resumed: d.steer.quietSince(now)}
	for i := range d.steer.feeds {
		f := &d.steer.feeds[i]
		out := layer.Feed{ID: f.id, Importance: f.Importance, Shown: f.Shown, Fixed: f.Fixed}
		out.FixedAt = pictureOf(f.FixedAt)
		out.Audio = d.cost(now, f.id, media.LayerAudio, layer.NominalAudio) * 2 // sent twice
		out.Sub = d.cost(now, f.id, media.LayerSub, layer.NominalSub)
		out.Main = d.cost(now, f.id, media.LayerMain, layer.NominalMain)
		if f.always[media.LayerSub] && out.Main > 0 {
			out.Main += out.Sub
		}
		w.Feeds = append(w.Feeds, out)
	}
	for _, f := range d.flows {
		if !f.active {
			continue
		}
		w.Sending += d.cost(now, f.feed, f.layer, 0)
		if key := f.keys.next(now); f.layer.IsVideo() && !key.IsZero() {
			w.NextKey = soonest(w.NextKey, key)
		}
	}
	return w
}

// waiting is the age of the oldest picture packet that is to leave, those apart
// that are catching up.
func (d *Downlink) waiting(now time.Time) time.Duration {
	age := d.pacer.Age(now, pacer.Media)
	for _, f := range d.flows {
		if h := f.q.head(); h != nil && f.layer.IsVideo() && f.q.catchUp.IsZero() {
			age = max(age, now.Sub(h.since))
		}
	}
	return age
}

func pictureOf(l media.Layer) layer.Picture {
	if l == media.LayerSub {
		return layer.Sub
	}
	return layer.Main
}

// cost is what a layer takes on the wire, repair included; 0 when it is not
// wanted or does not come.
func (d *Downlink) cost(now time.Time, id media.FeedID, l media.Layer, nominal float64) float64 {
	for _, f := range d.flows {
		if f.feed != id || f.layer != l {
			continue
		}
		bits, known := f.rate.Bits(now)
		switch {
		case f.rate.Empty() && now.Sub(f.opened) > absentAfter:
			return 0
		case !known:
			bits = nominal
		case f.rate.Silent(now, absentAfter) || d.overtaken(f):
			return 0
		}
		return bits * wireShare * repairShare
	}
	return 0
}

// overtaken tells whether a main stream has stopped while the sub stream goes on: the node
// that it comes from has changed over.
func (d *Downlink) overtaken(main *flow) bool {
	if main.layer != media.LayerMain {
		return false
	}
	sub := d.find(main.feed, media.LayerSub)
	return sub != nil && main.rate.OvertakenBy(&sub.rate, overtakenAfter)
}

// PictureNow tells which layer of a feed's picture is being sent; false: none.
func (d *Downlink) PictureNow(id media.FeedID) (media.Layer, bool) {
	for l := range media.LayerAudio {
		if f := d.find(id, l); f != nil && f.active {
			return l, true
		}
	}
	return 0, false
}

// Active tells whether a flow is being sent, and since when.
func (d *Downlink) Active(id uint64) (active bool, since time.Time) {
	if f := d.flow(id); f != nil {
		return f.active, f.since
	}
	return false, time.Time{}
}

// LastSwitch is the latest change of what the link carries, and how many there
// were.
func (d *Downlink) LastSwitch() (Switch, uint64) { return d.steer.last, d.steer.switches }

// Pace is the rate in bit/s at which the downlink lets packets go.
func (d *Downlink) Pace() float64 { return d.steer.verdict.Pace }

func (d *Downlink) pathState() PathState {
	s := &d.steer
	sig := s.estimator.Signals()
	return PathState{
		Loss: d.mend.loss.Loss(), Burst: d.mend.loss.Burst(), Signals: sig,
		Level: s.verdict.Level, Rate: s.verdict.Rate, Pace: s.verdict.Pace, Blackout: s.verdict.Blackout,
		Last: s.last, Switches: s.switches,
		Reach: layer.ReachOf(sig.RTT, reachBudget),
	}
}

// reachBudget is the promise: 300 ms from one end to the other.
const reachBudget = 300 * time.Millisecond
