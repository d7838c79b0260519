package repair

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
)

// askedIDs remembers the requests of late, so that what a copy of one repeats is not
// answered twice. Numbers come round after 256 requests.
type askedIDs [256]struct {
	at   time.Time // when the first copy came
	view view      // what had been seen when it was made
}

// idMemory is how long a number means the same request: its last copy comes within
// 60 ms, give or take the jitter of the way.
const idMemory = 200 * time.Millisecond

// first notes a request. Of a copy it returns when the first one came and what had
// been seen then: a copy says what was missing then, not now.
func (a *askedIDs) first(now time.Time, id uint8, w view) (since time.Time, seen view, fresh bool) {
	q := &a[id]
	if fresh = q.at.IsZero() || now.Sub(q.at) >= idMemory; fresh {
		q.at, q.view = now, w
	}
	return q.at, q.view, fresh
}

// Feedback answers the requests of a report about this flow.
func (s *Sender) Feedback(now time.Time, r *feedback.FlowReport) {
	if len(r.Requests) == 0 {
		return
	}
	w, known := s.viewOf(r.Arrivals)
	if !known {
		w = s.guess(now)
	}
	for i := range r.Requests {
		q := &r.Requests[i]
		since, seen, fresh := s.asked.first(now, q.ID, w)
		if fresh {
			s.stats.Requests++
		} else {
			s.stats.Repeated++
			// But what was still on its way then has been due since.
			seen.latest = w.latest
		}
		s.answer(now, q, seen, since)
	}
}

// answer sends rows for what a request misses, frame by frame.
func (s *Sender) answer(now time.Time, q *feedback.Request, w view, since time.Time) {
	missing := s.missing(now, q, w)
	held := int(q.Held)
	for len(missing) > 0 {
		f := s.store.at(missing[0]).frame
		n := 1
		for n < len(missing) && s.store.at(missing[n]).frame == f {
			n++
		}
		held = s.answerFrame(now, f, missing[:n], held, f.underWay(w, since))
		missing = missing[n:]
	}
}

// missing lists the packets that a request misses and that we can repair, in
// order. Packets that cannot have been missed yet are left out: an open request
// does not know what was sent.
func (s *Sender) missing(now time.Time, q *feedback.Request, w view) []int64 {
	var list []int64
	for _, run := range q.Runs {
		first := s.store.extend(run.Seq)
		last, due := first+int64(run.N)-1, now.Add(-s.path.RTT/2)
		if run.N == 0 {
			last, due = s.store.newest, w.latest.Add(-q.Slack)
		}
		for v := max(first, s.store.newest-storeSize); v <= last; v++ {
			switch p := s.store.at(v); {
			case p == nil:
				s.stats.Unknown++
			case p.sent.After(due):
				s.stats.NotDue++
			default:
				list = append(list, v)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// answerFrame sends rows for the missing packets of one frame. The receiver
// holds some rows that were not enough; what is left of them is returned.
func (s *Sender) answerFrame(now time.Time, f *frame, missing []int64, held int, underWay []reply) int {
	due := f.start.Add(s.path.Deadline)
	sendings := s.path.Sendings(due.Sub(now))
	if sendings == 0 && (f.disposable || now.Sub(due) > lateRepair) {
		return held // nobody waits for it any more
	}
	if sendings == 0 && !s.lateBudget(now) {
		return held
	}
	for _, c := range s.covers(f, missing) {
		open, coming := c.open(missing, underWay)
		if len(open) == 0 {
			continue
		}
		spared := min(held, len(open))
		held -= spared
		deficit := len(open) - spared - coming
		if deficit <= 0 {
			s.stats.UnderWay++
			continue
		}
		s.order(&c, f, fec.OnDemand, s.planner.Answer(deficit, sendings, s.path))
		f.answers = append(f.answers, reply{at: now, packets: open, rows: min(deficit, len(s.ahead))})
		s.hurry(sendings == 0)
	}
	return held
}

// hurry queues the rows just ordered as an answer.
func (s *Sender) hurry(late bool) {
	if n := len(s.ahead); n > 0 {
		s.ahead[n-1].Last = true
	}
	if late {
		s.stats.Late += uint64(len(s.ahead))
		s.late.rows += len(s.ahead)
	} else {
		s.stats.OnDemand += uint64(len(s.ahead))
	}
	s.urgent = append(s.urgent, s.ahead...)
	s.ahead = s.ahead[:0]
}

// covers are the blocks of a frame, or, while it is still being sent, what lies
// between the first and the last missing packet.
func (s *Sender) covers(f *frame, missing []int64) []cover {
	if f.done {
		return s.store.blocks(f)
	}
	return s.store.ranges(missing[0], missing[len(missing)-1])
}

// lateBudget tells whether late frames may be repaired now. After an outage there
// are many; all at once they would stand in the way of the live ones. What is
// left out is asked for again a round later.
func (s *Sender) lateBudget(now time.Time) bool {
	const rowsPerRound = 128 // a key frame
	if now.Sub(s.late.since) >= s.path.Round() {
		s.late.since, s.late.rows = now, 0
	}
	return s.late.rows < rowsPerRound
}
