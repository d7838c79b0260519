package netem

import (
	"errors"
	"math"
	"testing"
	"time"
)

var epoch = time.Unix(1_700_000_000, 0)

func at(d time.Duration) time.Time { return epoch.Add(d) }

// delivery is what came out of a link and when.
type delivery struct {
	payload int
	at      time.Duration
}

// run pushes packet i at pushes[i], sized size, and moves time from event to event.
func run(t *testing.T, l *Link[int], size int, pushes []time.Duration) []delivery {
	t.Helper()
	var out []delivery
	drain := func(until time.Time) {
		for next := l.Next(); !next.IsZero() && !next.After(until); next = l.Next() {
			for p, ok := l.Pop(next); ok; p, ok = l.Pop(next) {
				out = append(out, delivery{p, next.Sub(epoch)})
			}
		}
	}
	for i, p := range pushes {
		drain(at(p))
		l.Push(at(p), size, i)
	}
	drain(at(1000 * time.Hour))
	return out
}

func every(d time.Duration, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(i) * d
	}
	return out
}

func link(t *testing.T, p Profile, seed uint64) *Link[int] {
	t.Helper()
	l, err := New[int](p, seed, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPerfectLinkDeliversAtOnceAndInOrder(t *testing.T) {
	got := run(t, link(t, Profile{}, 1), 1000, every(0, 100))
	if len(got) != 100 {
		t.Fatalf("%d of 100", len(got))
	}
	for i, d := range got {
		if d.payload != i || d.at != 0 {
			t.Fatalf("delivery %d is packet %d at %v", i, d.payload, d.at)
		}
	}
}

func TestBottleneckServesExactlyItsRate(t *testing.T) {
	// 972 + 28 bytes = 8,000 bits: 1 ms each at 8 Mbit/s.
	got := run(t, link(t, Profile{Rate: 8_000_000, Delay: 5 * time.Millisecond}, 1), 972, every(0, 50))
	for i, d := range got {
		if want := time.Duration(i+1)*time.Millisecond + 5*time.Millisecond; d.at != want {
			t.Fatalf("packet %d arrives at %v, want %v", i, d.at, want)
		}
	}
}

func TestFullQueueDropsTheNewest(t *testing.T) {
	cases := map[string]struct {
		profile Profile
		want    int // of 200 packets of 1,000 bytes at once
	}{
		"100 ms of 8 Mbit/s are 100 packets":          {Profile{Rate: 8_000_000}, 100},
		"50 ms of 8 Mbit/s are 50 packets":            {Profile{Rate: 8_000_000, Queue: 50 * time.Millisecond}, 50},
		"a queue in time holds at least 20 packets":   {Profile{Rate: 800_000, Queue: time.Millisecond}, 20},
		"a queue in bytes holds what it says":         {Profile{Rate: 8_000_000, QueueBytes: 7999}, 7},
		"without a rate there is nothing to wait for": {Profile{QueueBytes: 1}, 200},
	}
	for name, c := range cases {
		l := link(t, c.profile, 1)
		got := run(t, l, 972, every(0, 200))
		s := l.Stats()
		if len(got) != c.want || int(s.LostQueue) != 200-c.want || s.Offered != 200 {
			t.Errorf("%s: %d delivered, %+v", name, len(got), s.LostQueue)
		}
		for i, d := range got {
			if d.payload != i {
				t.Fatalf("%s: delivery %d is packet %d", name, i, d.payload)
			}
		}
	}
}

func TestStepsChangeTheRateUnderAPacket(t *testing.T) {
	p := Profile{Rate: 8_000_000, QueueBytes: 1 << 20, Steps: []Step{{10 * time.Millisecond, 4_000_000}, {20 * time.Millisecond, 16_000_000}}}
	got := run(t, link(t, p, 1), 972, every(0, 30))
	// 10 in the first 10 ms, 5 in the second, then two per millisecond.
	for i, want := range map[int]int64{9: 10, 10: 12, 14: 20, 16: 21, 18: 22} {
		if got[i].at.Milliseconds() != want || got[i].at%time.Millisecond != 0 {
			t.Errorf("packet %d is through at %v, want %v ms", i, got[i].at, want)
		}
	}
	// One packet across a step: half of it at 8 Mbit/s, half at 4.
	half := Profile{Rate: 8_000_000, Steps: []Step{{500 * time.Microsecond, 4_000_000}}}
	if one := run(t, link(t, half, 1), 972, every(0, 1)); one[0].at != 1500*time.Microsecond {
		t.Errorf("a packet across a step takes %v, want 1.5 ms", one[0].at)
	}
}

func TestSquareWaveRepeats(t *testing.T) {
	p := Profile{Rate: 8_000_000, Steps: []Step{{0, 8_000_000}, {time.Second, 2_000_000}}, StepsEvery: 2 * time.Second}
	for _, c := range []struct {
		at   time.Duration
		rate int64
		left time.Duration
	}{
		{0, 8_000_000, time.Second},
		{1500 * time.Millisecond, 2_000_000, 500 * time.Millisecond},
		{2 * time.Second, 8_000_000, time.Second},
		{7200*time.Second + 1100*time.Millisecond, 2_000_000, 900 * time.Millisecond},
	} {
		if rate, left := p.rateAt(c.at); rate != c.rate || left != c.left {
			t.Errorf("at %v: %d for %v, want %d for %v", c.at, rate, left, c.rate, c.left)
		}
	}
	// Ten minutes' worth of bits come through in ten minutes: 5 Mbit/s on average.
	if got := p.finish(0, 5e6*600); (got - 600*time.Second).Abs() > time.Millisecond {
		t.Errorf("600 s of the mean rate take %v", got)
	}
}

func TestLossComesOutAsAskedAloneAndInBursts(t *testing.T) {
	const n = 400_000
	for _, c := range []struct{ loss, burst float64 }{{0.01, 0}, {0.05, 1}, {0.02, 5}, {0.05, 5}, {0.1, 10}, {0.01, 3}} {
		l := link(t, Profile{Loss: c.loss, Burst: c.burst}, 42)
		lost, bursts := 0, 0
		before := -1
		for _, d := range run(t, l, 1000, every(0, n)) {
			if gap := d.payload - before - 1; gap > 0 {
				lost += gap
				bursts++
			}
			before = d.payload
		}
		// The length of a burst of single losses is 1/(1−p), of a chain what was asked.
		wantBurst := c.burst
		if c.burst <= 1 {
			wantBurst = 1 / (1 - c.loss)
		}
		if got := float64(lost) / n; math.Abs(got/c.loss-1) > 0.06 {
			t.Errorf("%+v: loss is %.4f", c, got)
		}
		if got := float64(lost) / float64(bursts); math.Abs(got/wantBurst-1) > 0.05 {
			t.Errorf("%+v: mean burst is %.3f, want %.3f", c, got, wantBurst)
		}
		if s := l.Stats(); s.LostWire+s.Delivered != n || s.Offered != n {
			t.Errorf("%+v: %d lost and %d delivered of %d", c, s.LostWire, s.Delivered, n)
		}
	}
}

func TestSameSeedSameFatesWhateverTheTime(t *testing.T) {
	p := Profile{Loss: 0.05, Burst: 4, Jitter: 5 * time.Millisecond, Reorder: 0.02}
	survivors := func(seed uint64, pushes []time.Duration) map[int]bool {
		out := make(map[int]bool)
		for _, d := range run(t, link(t, p, seed), 1000, pushes) {
			out[d.payload] = true
		}
		return out
	}
	const n = 5000
	slow, fast, other := survivors(7, every(time.Millisecond, n)), survivors(7, every(0, n)), survivors(8, every(0, n))
	differ := 0
	for i := range n {
		if slow[i] != fast[i] {
			t.Fatalf("packet %d: slow %v, fast %v", i, slow[i], fast[i])
		}
		if slow[i] != other[i] {
			differ++
		}
	}
	if differ == 0 {
		t.Error("another seed loses the same packets")
	}
}

func TestJitterKeepsTheOrderAndStaysInItsBounds(t *testing.T) {
	const delay, jitter = 10 * time.Millisecond, 8 * time.Millisecond
	got := run(t, link(t, Profile{Delay: delay, Jitter: jitter}, 3), 1000, every(time.Millisecond, 2000))
	late := 0
	for i, d := range got {
		if d.payload != i {
			t.Fatalf("delivery %d is packet %d", i, d.payload)
		}
		took := d.at - time.Duration(i)*time.Millisecond
		if took < delay || took > delay+jitter {
			t.Fatalf("packet %d took %v", i, took)
		}
		if took > delay+jitter/2 {
			late++
		}
	}
	if late < 500 {
		t.Errorf("only %d of 2000 took more than half of the jitter", late)
	}
}

func TestReorderHoldsBackTheAskedShare(t *testing.T) {
	l := link(t, Profile{Delay: 10 * time.Millisecond, Reorder: 0.1}, 3)
	got := run(t, l, 1000, every(time.Millisecond, 10_000))
	overtaken := 0
	high := -1
	for _, d := range got {
		if d.payload < high {
			overtaken++
		}
		high = max(high, d.payload)
	}
	if len(got) != 10_000 || overtaken < 900 || overtaken > 1100 || int(l.Stats().HeldBack) < overtaken {
		t.Errorf("%d delivered, %d overtaken, %d held back", len(got), overtaken, l.Stats().HeldBack)
	}
}

func TestOutageLosesWhatEntersTheWireAndNothingElse(t *testing.T) {
	p := Profile{Delay: 50 * time.Millisecond, Outages: []Outage{{At: 100 * time.Millisecond, For: 30 * time.Millisecond, Every: 200 * time.Millisecond}}}
	l := link(t, p, 1)
	arrived := make(map[int]bool)
	for _, d := range run(t, l, 1000, every(time.Millisecond, 500)) {
		arrived[d.payload] = true
	}
	for i := range 500 {
		out := i >= 100 && i < 130 || i >= 300 && i < 330
		if arrived[i] == out {
			t.Errorf("packet sent at %d ms: arrived %v", i, arrived[i])
		}
	}
	if l.Stats().LostOutage != 60 {
		t.Errorf("%d lost to outages, want 60", l.Stats().LostOutage)
	}
}

func TestCutLinkDeliversWhatIsInFlight(t *testing.T) {
	l := link(t, Profile{Delay: 50 * time.Millisecond}, 1)
	l.Push(at(0), 100, 1)
	l.SetDown(at(10*time.Millisecond), true)
	l.Push(at(20*time.Millisecond), 100, 2)
	l.SetDown(at(30*time.Millisecond), false)
	l.Push(at(40*time.Millisecond), 100, 3)
	var got []int
	for p, ok := l.Pop(at(time.Second)); ok; p, ok = l.Pop(at(time.Second)) {
		got = append(got, p)
	}
	if len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("delivered %v, want packets 1 and 3", got)
	}
}

func TestNewProfileKeepsTheQueue(t *testing.T) {
	l := link(t, Profile{Rate: 8_000_000}, 1)
	for i := range 10 {
		l.Push(at(0), 972, i)
	}
	// Two are through and the third half; then the rest goes at half the rate.
	if err := l.SetProfile(at(2500*time.Microsecond), Profile{Rate: 4_000_000}); err != nil {
		t.Fatal(err)
	}
	if q := l.Queued(at(2500 * time.Microsecond)); q != 8000 {
		t.Errorf("%d bytes wait, want 8000", q)
	}
	last := run(t, l, 972, nil)
	if len(last) != 10 || last[9].at != 17*time.Millisecond {
		t.Errorf("%d delivered, the last at %v, want 10 and 17 ms", len(last), last[len(last)-1].at)
	}
}

func TestLatenessIsTheEmulatorsOwnError(t *testing.T) {
	l := link(t, Profile{Delay: time.Millisecond}, 1)
	for i := range 100 {
		l.Push(at(0), 100, i)
	}
	for range 99 {
		l.Pop(at(time.Millisecond + 50*time.Microsecond))
	}
	l.Pop(at(4 * time.Millisecond))
	late := l.Stats().Lateness
	if late.count != 100 || late.Max() != 3*time.Millisecond {
		t.Errorf("%d counted, longest %v", late.count, late.Max())
	}
	if p50 := late.Quantile(0.5); p50 < 50*time.Microsecond || p50 > 55*time.Microsecond {
		t.Errorf("half are at most %v late, want 50 µs and a tenth", p50)
	}
	if p := late.Quantile(1); p != 3*time.Millisecond {
		t.Errorf("all are at most %v late, want 3 ms", p)
	}
}

func TestProfilesThatMakeNoSenseAreRefused(t *testing.T) {
	for name, p := range map[string]Profile{
		"negative rate":                      {Rate: -1},
		"negative delay":                     {Delay: -1},
		"negative queue":                     {QueueBytes: -1},
		"all is lost":                        {Loss: 1},
		"loss that such bursts cannot make":  {Loss: 0.9, Burst: 2},
		"more than everything is reordered":  {Reorder: 1.1},
		"outage without a length":            {Outages: []Outage{{At: 1}}},
		"outage longer than its repetition":  {Outages: []Outage{{For: 2, Every: 1}}},
		"steps without a rate to begin with": {Steps: []Step{{1, 1}}},
		"step to nothing":                    {Rate: 1, Steps: []Step{{1, 0}}},
		"steps out of order":                 {Rate: 1, Steps: []Step{{2, 1}, {1, 1}}},
		"steps that repeat before the last":  {Rate: 1, Steps: []Step{{2, 1}}, StepsEvery: 1},
		"steps of which two are at one time": {Rate: 1, Steps: []Step{{2, 1}, {2, 3}}},
	} {
		if err := p.Validate(); !errors.Is(err, ErrProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range Names() {
		p, err := Named(name)
		if err != nil || p.Validate() != nil {
			t.Errorf("%s: %v, %v", name, err, p.Validate())
		}
	}
	if _, err := Named("motorway"); !errors.Is(err, ErrProfile) {
		t.Errorf("an unknown name: %v", err)
	}
}

func FuzzLinkLosesNoCount(f *testing.F) {
	f.Add(uint64(1), int64(8_000_000), uint16(10), uint16(5), uint8(10), uint8(5), []byte{0, 1, 2, 200})
	f.Fuzz(func(t *testing.T, seed uint64, rate int64, delay, jitter uint16, loss, reorder uint8, gaps []byte) {
		p := Profile{
			Rate: rate % 1e9, Delay: time.Duration(delay) * time.Microsecond, Jitter: time.Duration(jitter) * time.Microsecond,
			Loss: float64(loss) / 256, Burst: float64(reorder) / 16, Reorder: float64(reorder) / 256,
		}
		l, err := New[int](p, seed, epoch)
		if err != nil {
			return
		}
		now := epoch
		for i, g := range gaps {
			now = now.Add(time.Duration(g) * time.Microsecond)
			l.Push(now, int(g), i)
		}
		var last time.Time
		for next := l.Next(); !next.IsZero(); next = l.Next() {
			if next.Before(last) {
				t.Fatalf("time runs back from %v to %v", last, next)
			}
			last = next
			popped := true
			for popped {
				_, popped = l.Pop(next)
			}
		}
		s := l.Stats()
		if s.Offered != uint64(len(gaps)) || s.Delivered+s.LostQueue+s.LostWire+s.LostOutage != s.Offered {
			t.Fatalf("%d offered, %d delivered, lost %d+%d+%d", s.Offered, s.Delivered, s.LostQueue, s.LostWire, s.LostOutage)
		}
	})
}
