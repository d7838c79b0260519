package clock

import (
	"testing"
	"time"
)

// wire is a pair of clocks and a path between them.
type wire struct {
	offset, out, back time.Duration
}

// exchange carries one request from a to a peer whose clock is ahead by offset.
func (w wire) exchange(t *testing.T, a *Exchange, now time.Time) time.Time {
	t.Helper()
	req, ok := a.Pop(now, nil)
	if !ok {
		t.Fatalf("no request is due at %v, next is %v", now, a.Next())
	}
	var peer Exchange
	answer, reply, err := peer.Push(now.Add(w.out+w.offset), req, nil)
	if err != nil || !reply {
		t.Fatal(reply, err)
	}
	end := now.Add(w.out + w.back)
	if _, reply, err = a.Push(end, answer, nil); err != nil || reply {
		t.Fatal(reply, err)
	}
	return end
}

func TestOffsetIsExactOnASymmetricPath(t *testing.T) {
	var a Exchange
	w := wire{offset: 2 * time.Hour, out: 30 * time.Millisecond, back: 30 * time.Millisecond}
	end := w.exchange(t, &a, time.Unix(1000, 0))
	got := a.Offset(end)
	if !got.Known || got.Offset != 2*time.Hour || got.RTT != 60*time.Millisecond ||
		got.Uncertainty != 30*time.Millisecond {
		t.Fatalf("%+v", got)
	}
}

func TestErrorStaysWithinTheUncertaintyOnALopsidedPath(t *testing.T) {
	var a Exchange
	w := wire{offset: -5 * time.Second, out: 80 * time.Millisecond, back: 10 * time.Millisecond}
	got := a.Offset(w.exchange(t, &a, time.Unix(1000, 0)))
	if d := (got.Offset - w.offset).Abs(); d == 0 || d > got.Uncertainty {
		t.Fatalf("error %v, claimed at most %v", d, got.Uncertainty)
	}
}

func TestTheShortestRoundTripIsBelieved(t *testing.T) {
	var a Exchange
	now := time.Unix(1000, 0)
	wire{out: 10 * time.Millisecond, back: 10 * time.Millisecond}.exchange(t, &a, now)
	for range 20 {
		now = now.Add(interval)
		wire{out: 100 * time.Millisecond, back: 10 * time.Millisecond}.exchange(t, &a, now)
	}
	if got := a.Offset(now); got.Offset != 0 || got.RTT != 20*time.Millisecond {
		t.Fatalf("%+v", got)
	}
	// A minute later the good sample is gone, and the bound says so.
	for range 60 {
		now = now.Add(interval)
		wire{out: 100 * time.Millisecond, back: 10 * time.Millisecond}.exchange(t, &a, now)
	}
	if got := a.Offset(now.Add(time.Second)); got.Uncertainty < 55*time.Millisecond {
		t.Fatalf("%+v", got)
	}
}

func TestRequestsAreQuickAtTheStartAndThenOneASecond(t *testing.T) {
	var a Exchange
	now := time.Unix(0, 0)
	var count int
	for ; now.Before(time.Unix(10, 0)); now = now.Add(10 * time.Millisecond) {
		if _, ok := a.Pop(now, nil); ok {
			count++
		}
	}
	if count != 18 {
		t.Fatalf("%d requests in ten seconds, want 8 in the first 0.8 s and one a second after", count)
	}
}

func FuzzPush(f *testing.F) {
	f.Add([]byte{typeRequest, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add(append([]byte{typeResponse}, make([]byte, 24)...))
	f.Fuzz(func(t *testing.T, msg []byte) {
		var e Exchange
		now := time.Unix(1000, 0)
		if _, _, err := e.Push(now, msg, nil); err != nil {
			return
		}
		if got := e.Offset(now); got.Known && got.Uncertainty > 5*time.Second {
			t.Fatalf("believed %+v", got)
		}
	})
}
