package repair

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestNothingWrongIsRestored runs until so many packets were restored, on links
// that lose, delay and copy. REPAIR_RECOVERIES=1000000 is the long version.
func TestNothingWrongIsRestored(t *testing.T) {
	want := 20_000
	if n, err := strconv.Atoi(os.Getenv("REPAIR_RECOVERIES")); err == nil {
		want = n
	}
	paths := []Path{
		{RTT: 20 * ms, Deadline: 150 * ms},
		{RTT: 60 * ms},
		{RTT: 200 * ms}, // windows
	}
	total := 0
	for seed := uint64(1); total < want; seed++ {
		l := newLink(t, paths[seed%3])
		l.lose(0.02+0.02*float64(seed%7), float64(1+seed%6), 0.1, 0.05, seed)
		for i := range 300 {
			n := 5 + i*7%23
			if i%50 == 0 {
				n = 110 + i%150
			}
			l.frame(n, i%50 == 0)
		}
		l.run(l.now.Add(2 * time.Second))
		total += l.restored
		if s := l.receiver.Stats(); s.GivenUp > s.Media/20 {
			t.Errorf("seed %d: %+v", seed, s)
		}
	}
	t.Logf("%d packets restored, all right", total)
}

func TestCleanLinkIsLeftAlone(t *testing.T) {
	l := newLink(t, Path{})
	for i := range 200 {
		l.frame(15+i%3, i%50 == 0)
	}
	if s := l.sender.Stats(); s.OnDemand+s.Late+s.Proactive > 0 {
		t.Errorf("%+v", s)
	}
	if s := l.receiver.Stats(); s.Requests > 0 {
		t.Errorf("%+v", s)
	}
}

// loseOnly loses the given media packets, counted from the beginning.
func (l *link) loseOnly(lost ...int) {
	n := -1
	l.fate = func(repair bool) []time.Duration {
		if !repair {
			n++
			if slices.Contains(lost, n) {
				return nil
			}
		}
		return []time.Duration{0}
	}
}

func TestWhatIsLostComesBackWithoutSurplusWhileThereIsTime(t *testing.T) {
	for name, c := range map[string]struct {
		lost  []int
		rows  uint64
		known time.Duration // when the request is made, at the latest, from the start of the frame's arrival
	}{
		"one packet in the middle":    {[]int{30*15 + 7}, 1, 8 * ms},
		"three packets":               {[]int{30*15 + 3, 30*15 + 7, 30*15 + 8}, 3, 8 * ms},
		"the first packet":            {[]int{30 * 15}, 1, 8 * ms},
		"the last packet":             {[]int{30*15 + 14}, 1, 12 * ms},
		"the last three packets":      {[]int{30*15 + 12, 30*15 + 13, 30*15 + 14}, 3, 12 * ms},
		"the whole frame":             {seqs(30*15, 15), 15, 16 * ms},
		"the last and the next first": {[]int{30*15 + 14, 31 * 15}, 2, 48 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLink(t, Path{RTT: 40 * ms, Deadline: 200 * ms})
			l.loseOnly(c.lost...)
			for range 30 {
				l.frame(15, false)
			}
			begin := l.now
			for range 5 {
				l.frame(15, false)
			}
			if len(l.asked) == 0 || l.asked[0].Sub(begin) > l.path.OneWay+c.known {
				t.Errorf("nothing asked for after %v", c.known)
			}
			if s := l.sender.Stats(); s.OnDemand != c.rows || s.Late != 0 {
				t.Errorf("rows: %+v", s)
			}
			if l.restored != len(c.lost) {
				t.Errorf("%d of %d packets restored", l.restored, len(c.lost))
			}
		})
	}
}

func seqs(from, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = from + i
	}
	return list
}

func TestOutageEndsWithoutAskingForEver(t *testing.T) {
	l := newLink(t, Path{})
	for range 25 {
		l.frame(15, false)
	}
	l.fate = func(bool) []time.Duration { return nil }
	for range 250 {
		l.frame(15, false)
	}
	if s := l.receiver.Stats(); s.Requests > openTries {
		t.Errorf("%d requests into ten seconds of silence", s.Requests)
	}
	l.fate = func(bool) []time.Duration { return []time.Duration{0} }
	for range 50 {
		l.frame(15, false)
	}
	if next := l.receiver.Next(); next.Before(l.now.Add(-ms)) {
		t.Errorf("after the outage Next is stuck at %v ago", l.now.Sub(next))
	}
}

func TestAfterAnOutageLateRepairComesInPortions(t *testing.T) {
	l := newLink(t, Path{RTT: 20 * ms})
	for i := range 25 {
		l.frame(15, i == 0)
	}
	cut := true
	l.fate = func(bool) []time.Duration {
		if cut {
			return nil
		}
		return []time.Duration{0}
	}
	for range 20 {
		l.frame(15, false)
	}
	cut = false
	before := l.sender.Stats()
	l.frame(15, false)
	after := l.sender.Stats()
	if rows := after.Late - before.Late; rows == 0 || rows > 3*150 {
		t.Errorf("%d late rows within 40 ms of the end of the outage", rows)
	}
	for range 25 {
		l.frame(15, false)
	}
	if l.restored != 20*15 {
		t.Errorf("%d of %d packets restored in the end", l.restored, 20*15)
	}
}

func TestNothingBeforeACompleteKeyFrameIsAskedFor(t *testing.T) {
	l := newLink(t, Path{RTT: 20 * ms, Deadline: 60 * ms})
	l.loseOnly(31*15 + 4)
	media := l.fate
	l.fate = func(repair bool) []time.Duration {
		if repair {
			return nil // what is lost stays lost
		}
		return media(repair)
	}
	for i := range 40 {
		l.frame(15, i == 35)
	}
	if s := l.receiver.Stats(); s.GivenUp != 1 {
		t.Errorf("%+v", s)
	}
	// The frame came at 31·40 ms, the key frame at 35·40 ms.
	if last := l.asked[len(l.asked)-1].Sub(t0()); last > 35*40*ms+20*ms {
		t.Errorf("still asked for at %v", last)
	}
}

func TestFramesMayComeOutOfTheOrderOfTheirTimestamps(t *testing.T) {
	l := newLink(t, Path{RTT: 40 * ms})
	l.lose(0.05, 2, 0, 0, 3)
	for i := range 300 { // I P B B P B B …
		shown := i // the place of the frame when shown
		if i > 0 {
			shown += [3]int{2, -1, -1}[(i-1)%3]
		}
		l.stamp = uint32(shown) * 3600
		l.frame(15, i%51 == 0)
	}
	l.run(l.now.Add(time.Second))
	s := l.receiver.Stats()
	if s.GivenUp > 0 || s.Media+s.Restored < 300*15 {
		t.Errorf("%+v", s)
	}
}

func TestSourceMayBeginAnewAtAnyNumber(t *testing.T) {
	l := newLink(t, Path{})
	l.lose(0.05, 2, 0.01, 0.01, 5)
	for round, jump := range []uint16{0, 3000, 30000, 60000, 500} {
		l.seq += jump
		if round%2 == 1 {
			l.ssrc++
		}
		clear(l.sent)
		before := l.restored
		for i := range 100 {
			l.frame(15, i%50 == 0)
		}
		if l.restored == before {
			t.Errorf("nothing restored after a jump by %d", jump)
		}
		// Rows on the way belong to the source before: let them arrive.
		l.run(l.now.Add(time.Second))
	}
}
