package repair

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
)

const (
	// rowWait is how long after the end of a frame, or after a row, another row
	// may follow.
	rowWait = 4 * time.Millisecond
	// tailWait is the least pause within a frame after which the rest of it counts
	// as lost, beside the slack for jitter. Asking too early costs no repair: the
	// sender knows what it has sent.
	tailWait = 2 * time.Millisecond
	// answerTime is what sending the rows of an answer takes.
	answerTime = 4 * time.Millisecond
	// silence is how long after it was due a frame counts as lost completely.
	silence = 12 * time.Millisecond
	// askAgain is how soon a request is repeated once its answer is overdue: with
	// every regular report.
	askAgain = 20 * time.Millisecond
	// openTries is how often an open request is repeated while nothing comes at
	// all: then the flow has paused, or the link is down.
	openTries = 6
	// windowMemory is how long after a row over a window more are expected.
	windowMemory = 500 * time.Millisecond
)

// openEnd is the state of asking for packets of which nothing is known: the last
// ones of a frame, or a whole frame.
type openEnd struct {
	tries int
	next  time.Time
	retry time.Time // when what the latest request asked for may be asked for again

	// Holes from first to before end, found when a packet came after all, may be
	// what was asked for, or may have been sent later.
	first, end int64
}

// close ends the asking when packet v comes; before is what was the highest.
func (o *openEnd) close(before, v int64) {
	if o.tries > 0 {
		*o = openEnd{retry: o.retry, first: before + 1, end: v}
	}
}

// Next is when PopRequest may have something new; zero: nothing is missing. It is
// never late, but may be early.
func (r *Receiver) Next() time.Time {
	next := r.openDue()
	for _, h := range r.ring.missing {
		if at := r.due(h); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// ask makes the next request that is due.
func (r *Receiver) ask(now time.Time) (feedback.Request, bool) {
	if at := r.openDue(); !at.IsZero() && !now.Before(at) {
		return r.askOpen(now), true
	}
	var ripe []*hole
	for _, h := range r.ring.missing {
		if !now.Before(r.due(h)) {
			ripe = append(ripe, h)
		}
	}
	if len(ripe) == 0 {
		return feedback.Request{}, false
	}
	held, group := r.together(now, ripe)
	return r.request(now, group, held), true
}

// request makes a request for the given holes, as many as fit into one.
func (r *Receiver) request(now time.Time, holes []*hole, held int) feedback.Request {
	r.nextID++
	q := feedback.Request{ID: r.nextID}
	for i, h := range holes {
		if !addTo(&q, uint16(h.seq)) {
			held = max(0, held-(len(holes)-i)) // the rest stays ripe
			break
		}
		if !now.Before(r.due(h)) { // others keep their time
			r.asked(now, h)
		}
	}
	q.Held = uint8(min(held, 255))
	return q
}

// addTo adds a packet, above those before, to the runs of a request, unless it
// is full.
func addTo(q *feedback.Request, seq uint16) bool {
	if n := len(q.Runs); n > 0 {
		if last := &q.Runs[n-1]; last.Seq+uint16(last.N) == seq && last.N < 255 {
			last.N++
			return true
		}
	}
	if len(q.Runs) == feedback.MaxRuns {
		return false
	}
	q.Runs = append(q.Runs, feedback.Run{Seq: seq, N: 1})
	return true
}

// asked sets when a hole is to be asked for again: when the answer should have come,
// and from then on often. An answer to another request for it may be on its way by
// then, or a later copy of this one may have got through; the sender knows.
func (r *Receiver) asked(now time.Time, h *hole) {
	switch {
	case h.asked:
		h.retry = now.Add(askAgain)
	case h.seq >= r.open.first && h.seq < r.open.end && now.Before(r.open.retry):
		h.retry = r.open.retry
	default:
		h.retry = now.Add(r.path.Round() + r.clock.jitter)
	}
	h.asked = true
}

// together picks from the ripe holes those that belong into one request: the ones
// that share rows which are not enough, with the number of these rows; or else
// all that no row covers.
func (r *Receiver) together(now time.Time, ripe []*hole) (held int, group []*hole) {
	for _, h := range ripe {
		rows, unknown := r.component(r.covering(h.seq))
		if len(rows) > 0 {
			group = r.lacking(now, unknown)
			// The others may only be out of order; rows that came count for them first.
			held = len(rows) - (len(unknown) - len(group))
			return max(0, min(held, len(group)-1)), group
		}
		group = append(group, h)
	}
	return 0, group
}

// lacking are the holes among the unknown packets that are due to be asked for, and
// those that were asked for before: any row of a block serves them all, so the sender
// has to know of all. If these are more than fit, those that are due alone.
func (r *Receiver) lacking(now time.Time, unknown []int64) []*hole {
	var all, due []*hole
	for _, v := range unknown {
		h := r.ring.hole(v)
		if h == nil {
			continue
		}
		ripe := !now.Before(r.due(h))
		if ripe {
			due = append(due, h)
		}
		if ripe || h.asked {
			all = append(all, h)
		}
	}
	if len(all) > feedback.MaxRuns {
		return due
	}
	return all
}

// due is when a hole is to be asked for.
func (r *Receiver) due(h *hole) time.Time {
	if h.asked {
		return h.retry
	}
	at := h.noticed.Add(r.clock.patience())
	due := r.clock.startOf(h.seq, h.noticed).Add(r.path.Deadline - r.path.OneWay)
	rounds := r.rounds(at, due)
	switch {
	case rounds == 0 && r.clock.last.Sub(r.clock.window) < windowMemory:
		// Parity over the next frames may still bring it.
		return later(at, due)
	case h.seq > r.clock.ended && rounds == 1:
		// The last round that fits: ask once for all of the frame, but in time.
		return later(at, due.Add(-r.path.RTT-answerTime))
	case r.clock.parity > 0 && h.seq > r.clock.rowed && (rounds == 0 || h.seq <= r.clock.ended):
		return later(at, r.clock.last.Add(rowWait))
	case rounds == 1:
		return r.lastOf(h).Add(r.clock.patience())
	}
	return at
}

// lastOf is when the last of the holes was noticed that are asked for together
// with h when there is but one round: those that follow it in its frame. One of
// them may only be out of order; then parity that came may suffice.
func (r *Receiver) lastOf(h *hole) time.Time {
	last := h.noticed
	i, _ := r.ring.find(h.seq)
	for _, o := range r.ring.missing[i:] {
		if o.seq > r.clock.ended || o.noticed.Sub(h.noticed) > r.clock.interval {
			break
		}
		last = later(last, o.noticed)
	}
	return last
}

// rounds is how many rounds of repair fit if the first request leaves at the given
// time.
func (r *Receiver) rounds(at, due time.Time) int {
	left := due.Sub(at) - r.path.RTT
	if left < 0 {
		return 0
	}
	return 1 + int(left/r.path.Round())
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// openDue is when to ask for what may follow the highest packet known.
func (r *Receiver) openDue() time.Time {
	c := &r.clock
	switch {
	case len(c.frames) == 0 || r.open.tries >= openTries:
		return time.Time{}
	case r.open.tries > 0:
		return r.open.next
	case c.ended < r.ring.highest:
		return c.last.Add(max(tailWait, c.gap+c.gap/4) + r.slack())
	}
	return r.silentDue()
}

// silentDue is when the next frame should have begun.
func (r *Receiver) silentDue() time.Time {
	c := &r.clock
	return c.frames[len(c.frames)-1].start.Add(c.interval + silence + c.jitter)
}

// slack is how long packets may be on the way beyond the usual time.
func (r *Receiver) slack() time.Duration {
	return (max(r.clock.jitter, r.clock.patience()) + time.Millisecond).Truncate(time.Millisecond)
}

func (r *Receiver) askOpen(now time.Time) feedback.Request {
	r.nextID++
	r.open.tries++
	r.open.retry = now.Add(r.path.Round() + r.clock.jitter)
	// Meanwhile another frame may get lost; what is under way is not sent again.
	r.open.next = now.Add(min(r.path.Round()+r.clock.jitter, r.clock.interval))
	if at := r.silentDue(); r.clock.ended < r.ring.highest && at.After(now) && at.Before(r.open.next) {
		r.open.next = at // the next frame may be lost as well
	}
	r.clock.ended = max(r.clock.ended, r.ring.highest)
	return feedback.Request{
		ID: r.nextID, Slack: r.slack(), Runs: []feedback.Run{{Seq: uint16(r.ring.highest + 1)}},
	}
}

// expect sets when to ask again for what a row did not solve: soon after the last
// row of an answer, and not while more rows may come. Should a later answer be on
// its way already, the sender knows.
func (r *Receiver) expect(now time.Time, row *parity) {
	if row.Type != fec.OnDemand {
		return
	}
	for _, v := range r.unknown(row) {
		h := r.ring.hole(v)
		if h == nil {
			continue
		}
		// The answer to an open request brings it to light: it was asked for.
		h.asked = true
		if row.Last {
			h.retry = now.Add(r.clock.patience())
		} else {
			h.retry = later(h.retry, now.Add(rowWait+r.clock.patience()))
		}
	}
}

// giveUp drops the holes that nobody waits for any more.
func (r *Receiver) giveUp(now time.Time) {
	if len(r.ring.missing) == 0 && len(r.rows) == 0 {
		return
	}
	refreshed := r.clock.refreshed(r.ring.missing)
	r.ring.missing = slices.DeleteFunc(r.ring.missing, func(h *hole) bool {
		due := r.clock.startOf(h.seq, h.noticed).Add(r.path.Deadline - r.path.OneWay)
		old := now.Sub(due) > lateRepair || h.seq <= r.ring.highest-ringSize/2
		if old = old || h.seq < refreshed && now.After(due); old {
			r.stats.GivenUp++
		}
		return old
	})
	r.rows = slices.DeleteFunc(r.rows, func(p *parity) bool {
		return now.Sub(p.came) > lateRepair+r.path.Deadline || p.first <= r.ring.highest-ringSize/2
	})
}
