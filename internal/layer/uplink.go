package layer

import (
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const (
	uplinkFresh     = 100 * time.Millisecond // older signals of a link say nothing about now
	uplinkBusy      = 60 * time.Millisecond
	uplinkQueue     = 14 * time.Millisecond
	uplinkHold      = 100 * time.Millisecond // five reports
	uplinkDisturbed = 500 * time.Millisecond
	uplinkThrough   = 0.95
	uplinkHeavy     = 0.85 // beside a TCP nearly all that we send comes through
	uplinkExternal  = 0.3  // share of strangers above which it is not our overload
	anyLevel        = 1 << 30
	uplinkStuck     = 20 * time.Second
	uplinkAfter     = time.Second
)

// Uplink decides for several links that leave one node through one interface.
// Each has its Selector; where their queues stand together and are filled by
// nobody else, the links share one ladder: sound of all, sub streams of all, main
// streams by importance. From then on a link goes up only when its step is the
// next of that ladder. Links that are slow on a way of their own are left alone.
//
// An Uplink and its Selectors have one owner, like any core.
type Uplink struct {
	links  []*uplinkLink
	shared []*uplinkLink // those that met on a bottleneck
	ladder Ladder        // of all their feeds
	owners []int         // by feed of the ladder: index in shared
	over   held
	built  time.Time
	why    string
}

// uplinkLink is one link as the uplink sees it.
type uplinkLink struct {
	*Selector
	sig     bwe.Signals
	want    Want
	at      time.Time
	ceiling int // highest level it may keep
	counted int // steps of it that turn has passed
}

// leash is what an uplink allows a selector.
type leash struct {
	on       bool
	ceiling  int    // highest level to keep
	reach    int    // highest level to go up to
	why      string // why it is not higher
	siblings bool   // others on the queue are links of our own
	// disturbed: another link probes or did a moment ago; its queue is not ours.
	disturbed bool
}

// rebuildEvery bounds how often the shared ladder follows the measured rates.
const rebuildEvery = 100 * time.Millisecond

// Leave forgets a link that was closed.
func (u *Uplink) Leave(s *Selector) {
	gone := func(l *uplinkLink) bool { return l.Selector == s }
	u.links = slices.DeleteFunc(u.links, gone)
	if n := len(u.shared); n > 0 {
		if u.shared = slices.DeleteFunc(u.shared, gone); len(u.shared) < n {
			u.part()
		}
	}
}

// part lets the links go their own ways.
func (u *Uplink) part() { u.shared = nil }

// Decide gives the verdict for one link; it takes the place of Selector.Decide.
// A link that is new joins.
func (u *Uplink) Decide(now time.Time, s *Selector, sig bwe.Signals, want Want) Verdict {
	l := u.link(s)
	l.sig, l.want, l.at = sig, want, now
	u.watch(now)
	u.rank(now)
	s.leash = u.leash(now, l)
	failed := s.probe.failures
	v := s.Decide(now, sig, want)
	if s.probe.failures > failed {
		u.collide(now, l)
	}
	if s.level > l.ceiling || v.Changed {
		l.ceiling = s.level // it took the next step, or gave one back
	}
	return v
}

func (u *Uplink) link(s *Selector) *uplinkLink {
	for _, l := range u.links {
		if l.Selector == s {
			return l
		}
	}
	l := &uplinkLink{Selector: s}
	u.links = append(u.links, l)
	return l
}

// watch looks whether the links overload something together.
func (u *Uplink) watch(now time.Time) {
	var together []*uplinkLink
	sent, through := 0.0, 0.0
	for _, l := range u.links {
		if u.queues(now, l) {
			together = append(together, l)
			sent += l.flowing()
			through += l.sig.Busy.Rate
		}
	}
	over := len(together) >= 2 && (through < uplinkHeavy*sent ||
		through < uplinkThrough*sent && strangers(together) < uplinkExternal)
	lasted := u.over.lasted(now, over)
	if !over {
		return // mostly: a hub of 500 links need not look through them for the rest
	}
	hold := uplinkHold
	if u.probed(now) || u.settled(together) {
		hold = uplinkDisturbed
	}
	if lasted < hold {
		return
	}
	u.over.on = false
	u.meet(now, together, targetShare*through, fmt.Sprintf("%d links send %s together, %s comes through",
		len(together), mbit(sent), mbit(through)))
}

// settled tells whether all of them share already: what they carry was dealt out to
// fit, and a queue is a key frame's before it is an overload. Links that carry the
// same camera send its key frames at the same time.
func (u *Uplink) settled(together []*uplinkLink) bool {
	return !slices.ContainsFunc(together, func(l *uplinkLink) bool { return !slices.Contains(u.shared, l) })
}

// probed tells whether one of the links sent padding a moment ago.
func (u *Uplink) probed(now time.Time) bool {
	return slices.ContainsFunc(u.links, func(l *uplinkLink) bool { return now.Sub(l.probe.seen) < uplinkAfter })
}

// meet makes the links share one ladder, at the level that a budget carries.
func (u *Uplink) meet(now time.Time, together []*uplinkLink, budget float64, why string) {
	for _, l := range together {
		if !slices.Contains(u.shared, l) {
			u.shared = append(u.shared, l)
		}
	}
	u.why = why
	u.merge(now)
	// The last sub streams are not dealt with here: a selector gives its own up only
	// after a longer look.
	u.allot(max(u.ladder.fits(budget, u.ladder.top()), u.ladder.subs))
	for _, l := range together {
		// What was held against each of them, and read from the link, is settled.
		l.down.reset()
		l.pace.limit = 0
	}
}

// collide looks whether a probe of one link made a queue for another that carries
// something less important: then what both carry is dealt out anew.
func (u *Uplink) collide(now time.Time, l *uplinkLink) {
	together, carried := []*uplinkLink{l}, l.ladder.rate(l.level)
	for _, o := range u.links {
		fresh := now.Sub(o.at) < uplinkFresh && now.Sub(o.sig.At) < uplinkFresh
		if o != l && fresh && o.sig.Queue-o.sig.Noise > rivalQueue && o.sig.Queue500 < rivalQueue+o.sig.Noise {
			together = append(together, o)
			carried += o.ladder.rate(o.level)
		}
	}
	stranger := func(o *uplinkLink) bool { return !slices.Contains(u.shared, o) }
	if len(together) < 2 || !slices.ContainsFunc(together, stranger) {
		return
	}
	u.meet(now, together, carried, fmt.Sprintf("%d links share what carries %s", len(together), mbit(carried)))
}

func (*Uplink) queues(now time.Time, l *uplinkLink) bool {
	return now.Sub(l.at) < uplinkFresh && now.Sub(l.sig.At) < uplinkFresh && l.sig.Busy.Length >= uplinkBusy &&
		l.sig.Queue-l.sig.Noise > uplinkQueue
}

// strangers is the share of the bottleneck that is none of the links'. Each of
// them takes the others for strangers; together they know better.
func strangers(links []*uplinkLink) float64 {
	var capacities []float64
	ours := 0.0
	for _, l := range links {
		ours += l.sig.Delivered
		if phi := l.sig.Phi; phi.Known && l.sig.Delivered > 0 {
			capacities = append(capacities, l.sig.Delivered/(1-min(phi.Value, 0.97)))
		}
	}
	if len(capacities) == 0 {
		return 0
	}
	slices.Sort(capacities)
	return 1 - ours/capacities[len(capacities)/2]
}

// rank brings the shared ladder up to date.
func (u *Uplink) rank(now time.Time) {
	if len(u.shared) == 0 || now.Sub(u.built) < rebuildEvery {
		return
	}
	u.merge(now)
	if !slices.ContainsFunc(u.shared, func(l *uplinkLink) bool { return l.ceiling < l.ladder.top() }) {
		u.part()
	}
}

// merge builds one ladder of the feeds of all links that share. A link's own
// steps keep their order in it, so its part of any level is a level of its own.
func (u *Uplink) merge(now time.Time) {
	var feeds []Feed
	u.owners = u.owners[:0]
	for i, l := range u.shared {
		feeds = append(feeds, l.want.Feeds...)
		for range l.want.Feeds {
			u.owners = append(u.owners, i)
		}
	}
	u.ladder.build(feeds)
	u.built = now
}

// allot gives every link its part of a level of the shared ladder.
func (u *Uplink) allot(level int) {
	for _, l := range u.shared {
		l.ceiling = 0
	}
	for _, s := range u.ladder.steps[:level] {
		u.shared[u.owners[s.feed]].ceiling++
	}
}

// leash says what a link may do now.
func (u *Uplink) leash(now time.Time, l *uplinkLink) leash {
	out := leash{on: true, ceiling: anyLevel, reach: anyLevel}
	for _, o := range u.links {
		if o == l || now.Sub(o.at) > uplinkFresh {
			continue
		}
		out.siblings = out.siblings || o.probe.on || u.queues(now, o)
		out.disturbed = out.disturbed || now.Sub(o.probe.seen) < uplinkAfter
	}
	if i := slices.Index(u.shared, l); i >= 0 {
		out.siblings = true
		out.ceiling, out.reach, out.why = l.ceiling, l.ceiling, u.why
		if i == u.turn(now) {
			out.reach++
		}
	}
	return out
}

// turn is the link whose step is next: the first in the order of the ladder that
// has not been failing for long. It is nobody's turn while an earlier step waits
// for its key frame: until that flows, a probe would find its room.
func (u *Uplink) turn(now time.Time) int {
	first := -1
	for _, l := range u.shared {
		if l.now = now; l.pending() {
			return -1
		}
		l.counted = 0
	}
	for _, s := range u.ladder.steps {
		owner := u.owners[s.feed]
		l := u.shared[owner]
		if l.counted++; l.counted <= l.ceiling {
			continue
		}
		if first < 0 {
			first = owner
		}
		if p := &l.probe; p.failing.IsZero() || now.Sub(p.failing) < uplinkStuck {
			return owner
		}
	}
	return first
}
