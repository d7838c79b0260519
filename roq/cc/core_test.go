package cc

import (
	"math"
	"testing"
	"time"

	"github.com/apernet/quic-go/monotime"
)

// t0 is negative on purpose: inside a synctest bubble the fork's clock is.
const t0 = monotime.Time(-1 << 50)

func newBucket(rate float64) *bucket {
	b := &bucket{packet: 1350}
	b.setRate(t0, rate)
	return b
}

// drain sends full packets as long as the bucket lets it and tells how many.
func drain(b *bucket, now monotime.Time) int {
	n := 0
	for b.ready(now) {
		b.spend(now, 1350)
		n++
	}
	return n
}

func TestBucketBurstAfterAPause(t *testing.T) {
	for _, tt := range []struct {
		name string
		rate float64 // bytes per second
		want int
	}{
		{"a slow link lets ten packets go", 1e6, 10},
		{"a fast link lets 5 ms of its rate go", 5e6, 18},
		{"a very fast link never more than 64", 1e9, 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBucket(tt.rate)
			if got := drain(b, t0); got != tt.want {
				t.Errorf("first burst %d packets, want %d", got, tt.want)
			}
			if got := drain(b, t0.Add(time.Hour)); got != tt.want {
				t.Errorf("burst after an hour %d packets, want %d", got, tt.want)
			}
		})
	}
}

func TestBucketWaitsForAQuantum(t *testing.T) {
	b := newBucket(1.35e6) // one packet per ms, quantum 5
	drain(b, t0)
	if b.ready(t0.Add(4 * time.Millisecond)) {
		t.Error("ready after four packets' time, want to wait for five")
	}
	next := b.next()
	if want := t0.Add(5*time.Millisecond + time.Microsecond); next.Sub(want).Abs() > time.Microsecond {
		t.Errorf("next in %v, want 5 ms", next.Sub(t0))
	}
	if got := drain(b, next); got != 5 {
		t.Errorf("%d packets in one quantum, want 5", got)
	}
}

func TestBucketKeepsTheRate(t *testing.T) {
	for _, rate := range []float64{20e3, 1e6, 7e6, 60e6} {
		b := newBucket(rate)
		drain(b, t0)
		now, bytes, wakes := t0, 0, 0
		for now < t0.Add(10*time.Second) {
			now = b.next()
			n := drain(b, now)
			if n == 0 {
				t.Fatalf("rate %.0f: woken at %v for nothing", rate, now.Sub(t0))
			}
			bytes += n * 1350
			wakes++
		}
		if got := float64(bytes) / now.Sub(t0).Seconds(); math.Abs(got/rate-1) > 0.01 {
			t.Errorf("rate %.0f: sent %.0f bytes per second", rate, got)
		}
	}
}

func TestBucketKeepsItsDebtAndForgivesTheRest(t *testing.T) {
	b := newBucket(1.35e6)
	for range 100 { // probes do not ask
		b.spend(t0, 1350)
	}
	// One burst of debt and a quantum: 15 ms.
	if got := b.next().Sub(t0).Round(time.Millisecond); got != 15*time.Millisecond {
		t.Errorf("next in %v, want 15ms", got)
	}
}

func TestBucketFollowsANewRateAtOnce(t *testing.T) {
	b := newBucket(1.35e6)
	drain(b, t0)
	b.setRate(t0, 13.5e6)
	// A quantum is fourteen packets now, of a tenth of a millisecond each.
	if got := b.next().Sub(t0).Round(100 * time.Microsecond); got != 1400*time.Microsecond {
		t.Errorf("next in %v, want 1.4ms", got)
	}
}

func TestWindow(t *testing.T) {
	if got := window(8e6, 50*time.Millisecond, 1350); got != 400_000 {
		t.Errorf("8 Mbit/s at 50 ms: %d bytes, want 400000", got)
	}
	if got := window(100e3, 50*time.Millisecond, 1350); got != 64*1350 {
		t.Errorf("a tiny pace: %d bytes, want 64 packets", got)
	}
}

func TestBreakerTricklesThroughAFullWindow(t *testing.T) {
	var b breaker
	b.look(t0, 99, 100)
	if !b.ready(t0) || b.spend(t0) {
		t.Fatal("a window with room must not hold anything back")
	}
	b.look(t0, 100, 100)
	if b.ready(t0) {
		t.Fatal("a full window let a packet pass at once")
	}
	sent := 0
	for now := t0; now <= t0.Add(time.Second); now = now.Add(time.Millisecond) {
		b.look(now, 200, 100)
		if b.ready(now) {
			if !b.spend(now) {
				t.Fatal("not counted as trickled")
			}
			sent++
			if b.next() != now.Add(trickleEvery) {
				t.Fatalf("next in %v, want 20 ms", b.next().Sub(now))
			}
		}
	}
	if sent != 50 {
		t.Errorf("%d packets in a second of blackout, want 50", sent)
	}
	b.look(t0.Add(time.Second), 10, 100)
	if !b.ready(t0.Add(time.Second)) {
		t.Error("still shut after the window emptied")
	}
}

// feed gives the rule one acknowledgement of two packets every 10 ms.
type feed struct {
	y   yield
	now monotime.Time
}

func newFeed() *feed { return &feed{y: newYield(), now: t0} }

func (f *feed) run(d, rtt time.Duration, lost int) {
	for end := f.now.Add(d); f.now < end; {
		f.now = f.now.Add(10 * time.Millisecond)
		f.y.onAck(f.now, rtt, 2, lost, 0.1)
	}
}

func TestYieldToAStandingQueue(t *testing.T) {
	f := newFeed()
	f.run(5*time.Second, 40*time.Millisecond, 0)
	f.run(590*time.Millisecond, 100*time.Millisecond, 0)
	if f.y.share != 1 {
		t.Fatalf("share %.3f before 600 ms, want 1", f.y.share)
	}
	f.run(30*time.Millisecond, 100*time.Millisecond, 0)
	if f.y.share != yieldBy {
		t.Fatalf("share %.3f after 600 ms, want one cut", f.y.share)
	}
	f.run(100*time.Millisecond, 100*time.Millisecond, 0)
	if want := yieldBy * yieldBy; math.Abs(f.y.share-want) > 1e-9 {
		t.Fatalf("share %.3f one round trip later, want %.3f", f.y.share, want)
	}
	f.run(5*time.Second, 100*time.Millisecond, 0)
	if f.y.share != 0.1 {
		t.Fatalf("share %.3f, want the floor 0.1", f.y.share)
	}
	f.run(10*time.Second, 40*time.Millisecond, 0)
	if math.Abs(f.y.share-0.6) > 0.01 {
		t.Fatalf("share %.3f ten seconds after the queue went, want 0.6", f.y.share)
	}
	f.run(10*time.Second, 40*time.Millisecond, 0)
	if f.y.share != 1 {
		t.Fatalf("share %.3f, want all of it back", f.y.share)
	}
}

func TestYieldIgnoresWhatIsNoQueue(t *testing.T) {
	t.Run("a key frame every two seconds", func(t *testing.T) {
		f := newFeed()
		for range 20 {
			f.run(1800*time.Millisecond, 40*time.Millisecond, 0)
			f.run(200*time.Millisecond, 120*time.Millisecond, 0)
		}
		if f.y.share != 1 {
			t.Errorf("share %.3f", f.y.share)
		}
	})
	t.Run("a high RTT before and after a pause of the feed", func(t *testing.T) {
		f := newFeed()
		f.run(time.Second, 40*time.Millisecond, 0)
		f.run(10*time.Millisecond, 100*time.Millisecond, 0)
		f.now = f.now.Add(5 * time.Second)
		f.run(500*time.Millisecond, 100*time.Millisecond, 0)
		if f.y.share != 1 {
			t.Errorf("share %.3f", f.y.share)
		}
	})
	t.Run("a path that became longer for good is accepted after half a minute", func(t *testing.T) {
		f := newFeed()
		f.run(5*time.Second, 40*time.Millisecond, 0)
		f.run(20*time.Second, 120*time.Millisecond, 0)
		if f.y.share != 0.1 {
			t.Errorf("share %.3f after 20 s, want the floor", f.y.share)
		}
		f.run(40*time.Second, 120*time.Millisecond, 0)
		if f.y.share != 1 {
			t.Errorf("share %.3f after a minute, want 1", f.y.share)
		}
	})
}

func TestYieldToHeavyLoss(t *testing.T) {
	t.Run("a fifth lost is the link's business", func(t *testing.T) {
		f := newFeed()
		for range 500 {
			f.run(20*time.Millisecond, 40*time.Millisecond, 0)
			f.now = f.now.Add(time.Millisecond)
			f.y.onAck(f.now, 0, 0, 1, 0.1)
		}
		if f.y.share != 1 {
			t.Errorf("share %.3f", f.y.share)
		}
	})
	t.Run("a third lost for 600 ms is not", func(t *testing.T) {
		f := newFeed()
		f.run(580*time.Millisecond, 40*time.Millisecond, 1)
		if f.y.share != 1 {
			t.Errorf("share %.3f before 600 ms", f.y.share)
		}
		f.run(100*time.Millisecond, 40*time.Millisecond, 1)
		if f.y.share > yieldBy {
			t.Errorf("share %.3f after 600 ms", f.y.share)
		}
	})
	t.Run("a blackout's losses all at once are one sign, not three", func(t *testing.T) {
		f := newFeed()
		f.run(time.Second, 40*time.Millisecond, 0)
		f.now = f.now.Add(2 * time.Second)
		f.y.onAck(f.now, 40*time.Millisecond, 1, 250, 0.1)
		f.run(time.Second, 40*time.Millisecond, 0)
		if f.y.share != 1 {
			t.Errorf("share %.3f", f.y.share)
		}
	})
}
