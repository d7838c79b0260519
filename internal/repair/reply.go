package repair

import (
	"slices"
	"time"
)

// reply is an answer that may still be on its way. Any row serves any packet of
// its block, so what counts is how many rows are coming for how many packets.
type reply struct {
	at      time.Time
	packets []int64 // that were missing, in order
	rows    int     // sent for them, without those to spare
}

// underWay are the answers that the other end cannot have seen when it asked: it
// says itself what it still misses and what it holds, all others included. Nor has
// it seen what was sent upon another copy of the same request, first seen at since.
func (f *frame) underWay(w view, since time.Time) (list []reply) {
	for _, r := range f.answers {
		if r.at.After(w.fastest) || !r.at.Before(since) {
			list = append(list, r)
		}
	}
	return list
}

// open lists the packets of a cover that are missing, those that answers are on
// their way for among them, and how many rows of these are coming. It is empty
// when none of the missing ones is in the cover.
func (c *cover) open(missing []int64, underWay []reply) (list []int64, coming int) {
	for _, v := range missing {
		if c.holds(v) {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return nil, 0
	}
	for _, r := range underWay {
		n := 0
		for _, v := range r.packets {
			if c.holds(v) {
				list = append(list, v)
				n++
			}
		}
		coming += min(n, r.rows)
	}
	slices.Sort(list)
	return slices.Compact(list), coming
}
