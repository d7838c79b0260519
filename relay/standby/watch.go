// Package standby decides when a link has fallen silent, so that what comes over it
// is fetched another way while the connection itself is still waited for.
//
// The media decides, not the control plane: QUIC takes six seconds to give a
// connection up, because most of what stops a school's line is shorter. A viewer
// does not wait six seconds for a hub that was killed. So a node with a second link
// asks the plain question: does this link, which should bring media, bring anything
// at all? A link in a lesson brings something at least every 100 ms, whatever the
// camera does: the media itself, reports of the other direction, acknowledgements of
// our own reports. Where nothing came for 200 ms the node asks: with requests of the
// time exchange, 20 a second, on that link and on those that could take over. When
// that link has brought nothing for 700 ms while another answers, it is quiet.
//
// What is no reason:
//
//   - A quiet camera. Its hub still answers.
//   - Nobody watches. Then nothing is expected.
//   - Loss. One packet of any kind within 700 ms is enough, and a lesson has a hundred.
//   - A full queue. It delays what comes, and comes itself: there is a gap only as it
//     fills, of as much as it grew at once. If that is the school's own line, the other
//     links share the gap, and none of them answers.
//   - This machine stood still for a while. The watch counts the time it has looked.
//
// Watch is a core: it is told the time, and has no lock. The node guards it.
package standby

import "time"

const (
	// Every is how often Tick is to be called.
	Every = 50 * time.Millisecond
	// doubtAfter is when a link that should bring something is asked: twice what a
	// report of an idle flow takes (100 ms).
	doubtAfter = 200 * time.Millisecond
	// quietAfter is when it is given up for another one. Together with the two round
	// trips that it takes to subscribe and a key frame, the picture is back within
	// 1.5 s.
	quietAfter = 700 * time.Millisecond
	// idleAfter is when a link that stands by and was asked for so long counts as
	// quiet itself: it has had as long as the other had since the doubt began, less a
	// tick, so that of two links over one stopped line neither looks better.
	idleAfter = quietAfter - doubtAfter - Every
	// aliveWithin is how fresh the last sign of a link must be to prove that it is not
	// this node that is cut off: less than half of quietAfter.
	aliveWithin = 350 * time.Millisecond
	// toldAfter is how long it has to be quiet, after 1.5 s in all, until those behind
	// this node are told to look for another way. A school's own line stops for a
	// second now and then, and a hundred viewers must not change hubs for that: the
	// other hub hears no more of it.
	toldAfter = 1500*time.Millisecond - quietAfter
	// step is the most that one Tick counts, so that time in which nobody looked is
	// not taken for silence.
	step = 2 * Every
)

// Duty is what a link is there for at this moment.
type Duty int

const (
	// Idle is the zero value: nothing is expected of the link.
	Idle Duty = iota
	// StandsBy means that it could take over from a link that is in doubt.
	StandsBy
	// Carries means that this node has asked the peer for media.
	Carries
)

// Link is what the node knows of a link when it calls Tick.
type Link struct {
	Name string
	// Heard counts whatever came: datagrams, messages, acknowledgements.
	Heard uint64
	Duty  Duty
	// Serves tells that the peer gets media from this node, and so reports on it.
	Serves bool
}

// Verdict is what follows. All lists are in the order of the links given.
type Verdict struct {
	// Quiet are the links to be left for others.
	Quiet []string
	// Told are those of them that have been quiet so long that others shall know.
	Told []string
	// Doubt are the links that carry and bring nothing at the moment. The node finds
	// out who could take over from them and says so, by Duty, at the next Tick.
	Doubt []string
	// Ask are the links to be asked for a sign now.
	Ask []string
	// Stuck are the links in use, either way, that have brought nothing for as long as
	// makes a link quiet, whatever the other links do. It costs little to try a new
	// connection beside them, for not every connection that hears nothing is cut off:
	// the peer may send to an address that is not ours any more.
	Stuck []string
}

// Watch watches the links of one node. The zero value is ready.
type Watch struct {
	clock time.Duration // time that was watched
	last  time.Time
	links map[string]*state
}

// state is a link; its times are those of the watch's clock.
type state struct {
	heard uint64
	at    time.Duration // when it was last heard, or looked at for the first time
	fresh bool          // it has been heard since it was first looked at
	duty  Duty
	since time.Duration // when duty began
	busy  bool          // it carries or serves
	began time.Duration // when it began to
	quiet bool
	from  time.Duration // when it became quiet
	seen  time.Duration // when it was last among the links
}

// Tick looks at the links at now, which are all that the node has.
func (w *Watch) Tick(now time.Time, links []Link) Verdict {
	if !w.last.IsZero() {
		w.clock += max(0, min(now.Sub(w.last), step))
	}
	w.last = now
	for i := range links {
		w.look(&links[i])
	}
	var v Verdict
	for i := range links {
		w.judge(&links[i], &v)
	}
	if len(w.links) > len(links) { // some are gone
		for name, s := range w.links {
			if s.seen != w.clock {
				delete(w.links, name)
			}
		}
	}
	return v
}

// look notes what has changed about a link.
func (w *Watch) look(l *Link) {
	s := w.links[l.Name]
	if s == nil {
		s = &state{heard: l.Heard, at: w.clock, duty: l.Duty, since: w.clock}
		if w.links == nil {
			w.links = make(map[string]*state)
		}
		w.links[l.Name] = s
	}
	if s.heard != l.Heard {
		s.heard, s.at, s.fresh, s.quiet = l.Heard, w.clock, true, false
	}
	if s.duty == Idle || l.Duty == Idle {
		s.since = w.clock
	}
	busy := l.Duty == Carries || l.Serves
	if !s.busy {
		s.began = w.clock
	}
	s.duty, s.busy, s.seen = l.Duty, busy, w.clock
}

// judge says what is to be done about a link.
func (w *Watch) judge(l *Link, v *Verdict) {
	s := w.links[l.Name]
	silence := w.clock - max(s.at, s.since)
	limit := quietAfter
	if s.duty == StandsBy {
		limit = idleAfter
	}
	if !s.quiet && s.duty != Idle && silence >= limit && w.otherAlive(s) {
		s.quiet, s.from = true, w.clock
	}
	if s.duty == Carries && silence >= doubtAfter {
		v.Doubt = append(v.Doubt, l.Name)
	}
	if s.quiet {
		v.Quiet = append(v.Quiet, l.Name)
		if w.clock-s.from >= toldAfter {
			v.Told = append(v.Told, l.Name)
		}
	}
	unanswered := w.clock - max(s.at, s.began)
	if s.busy && unanswered >= doubtAfter || s.duty == StandsBy {
		v.Ask = append(v.Ask, l.Name)
	}
	if s.busy && unanswered >= quietAfter {
		v.Stuck = append(v.Stuck, l.Name)
	}
}

// otherAlive tells whether a link other than s shows that this node is not cut off.
func (w *Watch) otherAlive(s *state) bool {
	for _, o := range w.links {
		if o != s && o.fresh && w.clock-o.at <= aliveWithin {
			return true
		}
	}
	return false
}
