package bwe

import (
	"slices"
	"time"
)

const (
	trainGap   = 4 * time.Millisecond // packets sent closer than this form a train
	trainCut   = 10                   // packets in a train at most
	trainLeast = 5                    // packets that must arrive for a train to say anything
	trainValid = 700 * time.Millisecond
)

// trains reads the capacity of the link from packets sent back to back: they
// arrive at the rate of the narrowest link (packet dispersion). A train that was
// paced below the capacity reads its own pace, so this is a lower bound.
type trains struct {
	first, last arrival
	packets     int
	bytes       int // after the first packet, lost ones counted in: they took their place in the queue

	rates [3]float64
	n     int
	at    time.Duration
}

func (t *trains) add(now time.Duration, a *arrival) {
	inTrain := t.packets > 0 && a.seq > t.last.seq && a.sent-t.last.sent < trainGap && a.sent >= t.last.sent
	if !inTrain || t.packets >= trainCut {
		t.close(now)
	}
	if t.packets == 0 {
		t.first, t.bytes = *a, 0
	} else {
		t.bytes += a.size + a.lostSize
	}
	t.last = *a
	t.packets++
}

func (t *trains) close(now time.Duration) {
	span := t.last.at - t.first.at
	if t.packets >= trainLeast && span > 0 {
		t.rates[t.n%len(t.rates)] = float64(t.bytes) * 8 / span.Seconds()
		t.n++
		t.at = now
	}
	t.packets = 0
}

// median is the middle one of the last three trains; 0 when they are too old.
func (t *trains) median(now time.Duration) float64 {
	n := min(t.n, len(t.rates))
	if n == 0 || now-t.at > trainValid {
		return 0
	}
	r := t.rates
	slices.Sort(r[:n])
	return r[n/2]
}
