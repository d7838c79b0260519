package repair

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
)

// askedIDs remembers the numbers of requests, so that a repeated one is answered
// once. Numbers come round after 256 requests.
type askedIDs [256]time.Time

// idMemory is how long a number means the same request: its third copy comes
// within 20 ms, give or take the jitter of the way.
const idMemory = 200 * time.Millisecond

func (a *askedIDs) again(now time.Time, id uint8) bool {
	if !a[id].IsZero() && now.Sub(a[id]) < idMemory {
		return true
	}
	a[id] = now
	return false
}

// Feedback answers the requests of a report about this flow.
func (s *Sender) Feedback(now time.Time, requests []feedback.Request) {
	for i := range requests {
		q := &requests[i]
		if s.asked.again(now, q.ID) {
			s.stats.Repeated++
			continue
		}
		s.stats.Requests++
		s.answer(now, q)
	}
}

// answer sends rows for what a request misses, frame by frame.
func (s *Sender) answer(now time.Time, q *feedback.Request) {
	missing := s.missing(now, q)
	held := int(q.Held)
	for len(missing) > 0 {
		f := s.store.at(missing[0]).frame
		n := 1
		for n < len(missing) && s.store.at(missing[n]).frame == f {
			n++
		}
		held = s.answerFrame(now, f, missing[:n], held)
		missing = missing[n:]
	}
}

// missing lists the packets that a request misses and that we can repair, in
// order. Packets that cannot have been missed yet are left out: an open request
// does not know what was sent. So are packets for which an answer is on its way.
func (s *Sender) missing(now time.Time, q *feedback.Request) []int64 {
	var list []int64
	// Nobody can have seen yet what left after that. An eighth is for an RTT that
	// is taken too high.
	unseen := now.Add(-s.path.RTT + s.path.RTT/8 - s.path.Queue)
	for _, run := range q.Runs {
		first := s.store.extend(run.Seq)
		last, due := first+int64(run.N)-1, now.Add(-s.path.RTT/2)
		if run.N == 0 {
			last, due = s.store.newest, now.Add(-s.path.RTT-q.Slack-s.path.Queue)
		}
		for v := max(first, s.store.newest-storeSize); v <= last; v++ {
			switch p := s.store.at(v); {
			case p == nil:
				s.stats.Unknown++
			case p.sent.After(due):
				s.stats.NotDue++
			case p.answered.After(unseen):
				s.stats.UnderWay++
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
func (s *Sender) answerFrame(now time.Time, f *frame, missing []int64, held int) int {
	due := f.start.Add(s.path.Deadline)
	sendings := s.path.Sendings(due.Sub(now))
	if sendings == 0 && (f.disposable || now.Sub(due) > lateRepair) {
		return held // nobody waits for it any more
	}
	if sendings == 0 && !s.lateBudget(now) {
		return held
	}
	for _, c := range s.covers(f, missing) {
		deficit := 0
		for _, v := range missing {
			if c.holds(v) {
				deficit++
				s.store.at(v).answered = now
			}
		}
		spared := min(held, deficit)
		held -= spared
		if deficit -= spared; deficit == 0 {
			continue
		}
		s.order(&c, f, fec.OnDemand, s.planner.Answer(deficit, sendings, s.path))
		if n := len(s.ahead); n > 0 {
			s.ahead[n-1].Last = true
		}
		if sendings > 0 {
			s.stats.OnDemand += uint64(len(s.ahead))
		} else {
			s.stats.Late += uint64(len(s.ahead))
			s.late.rows += len(s.ahead)
		}
		s.urgent = append(s.urgent, s.ahead...)
		s.ahead = s.ahead[:0]
	}
	return held
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
