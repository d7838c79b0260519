package layer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

func TestTheLadderGoesByImportance(t *testing.T) {
	var l Ladder
	l.build([]Feed{
		{ID: "pupils", Audio: 0.1e6, Sub: 0.5e6, Main: 4e6},
		{ID: "teacher", Importance: Teacher, Audio: 0.1e6, Sub: 0.5e6, Main: 4e6},
		{ID: "board", Importance: Board, Audio: 0.1e6, Main: 3e6}, // no sub stream
		{ID: "fixed", Fixed: true, FixedAt: Sub, Audio: 0.1e6, Sub: 0.5e6, Main: 4e6},
	})
	want := [][]Picture{
		{None, None, None, None},
		{None, Sub, None, None},
		{Sub, Sub, None, None},
		{Sub, Sub, None, Sub},
		{Sub, Sub, Main, Sub},
		{Sub, Main, Main, Sub},
		{Main, Main, Main, Sub},
	}
	rates := []float64{0.4e6, 0.9e6, 1.4e6, 1.9e6, 4.9e6, 8.4e6, 11.9e6}
	if l.top() != len(want)-1 {
		t.Fatalf("%d levels, want %d", l.top(), len(want)-1)
	}
	for level := range want {
		if got := l.fill(nil, level); !slices.Equal(got, want[level]) {
			t.Fatalf("level %d: %v, want %v", level, got, want[level])
		}
		if d := l.rate(level) - rates[level]; d > 1 || d < -1 {
			t.Fatalf("level %d: %.0f, want %.0f", level, l.rate(level), rates[level])
		}
		if got := l.fits(rates[level]+1, l.top()); got != level {
			t.Fatalf("%.0f carries level %d, got %d", rates[level], level, got)
		}
	}
}

func TestWhatIsShownHasAPictureFirst(t *testing.T) {
	var l Ladder
	l.build([]Feed{
		{ID: "teacher", Importance: Teacher, Sub: 0.5e6, Main: 4e6},
		{ID: "pupils", Sub: 0.5e6, Main: 4e6},
		{ID: "shown", Shown: true, Sub: 0.5e6, Main: 4e6},
	})
	want := [][]Picture{
		{None, None, None},
		{None, None, Sub},
		{Sub, None, Sub},
		{Sub, Sub, Sub},
		{Main, Sub, Sub},
		{Main, Main, Sub}, // for a better one it stands in line
		{Main, Main, Main},
	}
	for level := range want {
		if got := l.fill(nil, level); !slices.Equal(got, want[level]) {
			t.Errorf("level %d: %v, want %v", level, got, want[level])
		}
	}
}

func TestAFeedFixedAtMainHasNoSub(t *testing.T) {
	var l Ladder
	l.build([]Feed{{Fixed: true, FixedAt: Main, Audio: 1, Sub: 10, Main: 100}, {Fixed: true, FixedAt: None, Sub: 10}})
	if l.top() != 1 || l.fill(nil, 1)[0] != Main {
		t.Fatalf("%+v", l.steps)
	}
}

func TestFeedsThatComeAndGoKeepTheMainStreams(t *testing.T) {
	b := newBench(t, 2, Config{})
	b.climb(4)
	b.want.Feeds = feeds(3)
	if v := b.step(); v.Level != 5 || v.Rule != RuleWant || v.Feeds[1] != Main || v.Feeds[2] != Sub {
		t.Fatalf("%+v", v)
	}
	b.want.Feeds = feeds(1)
	if v := b.step(); v.Level != 2 || v.Feeds[0] != Main {
		t.Fatalf("%+v", v)
	}
	b.want.Feeds = nil
	if v := b.step(); v.Level != 0 || len(v.Feeds) != 0 || v.Rate != 0 {
		t.Fatalf("%+v", v)
	}
}

func TestReach(t *testing.T) {
	for _, ca := range []struct {
		rtt, expect time.Duration
		rounds      int
		inTime      bool
		words       string
	}{
		{20 * ms1, 46 * ms1, 10, true, "allows 10 rounds"},
		{60 * ms1, 106 * ms1, 3, true, "allows 3 rounds"},
		{150 * ms1, 241 * ms1, 1, true, "allows 1 round of"},
		{250 * ms1, 255 * ms1, 0, true, "allows no repair within 300 ms: parity only, expect 255 ms"},
		{560 * ms1, 290 * ms1, 0, true, "parity only, expect 290 ms"},
		{700 * ms1, 400 * ms1, 0, false, "every frame is late"},
	} {
		r := ReachOf(ca.rtt, 300*ms1)
		if r.Rounds != ca.rounds || r.InTime != ca.inTime || r.Expect != ca.expect || !strings.Contains(r.Text, ca.words) {
			t.Errorf("%v: %+v", ca.rtt, r)
		}
	}
}

func TestFillerMakesUpWhatTheTrafficLeaves(t *testing.T) {
	var f Filler
	now := time.Unix(9, 0)
	p := Probe{Rate: 5e6, Until: now.Add(450 * ms1)}
	sum, pad := 0, 0
	f.Fill(now, p, 0)
	for i := range 89 {
		now = now.Add(5 * ms1)
		media := 0
		if i%8 == 0 {
			media = 12_000 // a frame: 2.4 Mbit/s
		}
		fill := f.Fill(now, p, media+pad)
		pad = fill
		sum += media + fill
	}
	rate := float64(sum) * 8 / 0.445
	if rate < 4.8e6 || rate > 5.3e6 {
		t.Fatalf("%.2f Mbit/s of 5", rate/1e6)
	}
	if f.Fill(now.Add(time.Second), p, 0) != 0 {
		t.Fatal("padding after the probe")
	}
}

// TestAnUplinkDealsOutByImportance: two links overload one interface; the
// teacher's main stream stays, whichever link has it.
func TestAnUplinkDealsOutByImportance(t *testing.T) {
	for _, teacher := range []int{0, 1} {
		u := &Uplink{}
		var links []*bench
		for i := range 2 {
			b := newBench(t, 1, Config{})
			if i == teacher {
				b.want.Feeds[0].Importance = Teacher
			}
			b.climb(2)
			links = append(links, b)
		}
		for range 20 {
			for _, b := range links {
				overload(&b.sig)
				b.sig.Phi, b.sig.Delivered, b.sig.Busy.Rate = share(0.5), 3.2e6, 3.2e6
				b.now = b.now.Add(20 * ms1)
				b.sig.At = b.now
				b.last = u.Decide(b.now, b.s, b.sig, b.want)
			}
		}
		if got := links[teacher].s.level; got != 2 {
			t.Fatalf("the teacher fell to level %d", got)
		}
		if got := links[1-teacher].s.level; got != 1 {
			t.Fatalf("the pupils are at level %d", got)
		}
		// In calm the pupils' link may try again, and shares no longer when all is up.
		for range 3000 {
			for _, b := range links {
				b.sig = calm()
				b.now = b.now.Add(20 * ms1)
				b.sig.At = b.now
				b.last = u.Decide(b.now, b.s, b.sig, b.want)
			}
		}
		if links[1-teacher].s.level != 2 || len(u.shared) != 0 {
			t.Fatalf("level %d, %d links share", links[1-teacher].s.level, len(u.shared))
		}
		u.Leave(links[0].s)
		if len(u.links) != 1 {
			t.Fatal("a link that left is still there")
		}
	}
}

func TestLinksThatAreSlowByThemselvesAreLeftAlone(t *testing.T) {
	u := &Uplink{}
	a, b := newBench(t, 1, Config{}), newBench(t, 1, Config{})
	a.climb(2)
	b.climb(2)
	for range 10 {
		overload(&a.sig)
		for _, l := range []*bench{a, b} {
			l.now = l.now.Add(20 * ms1)
			l.sig.At = l.now
			l.last = u.Decide(l.now, l.s, l.sig, l.want)
		}
	}
	if a.s.level != 1 || b.s.level != 2 || len(u.shared) != 0 {
		t.Fatalf("levels %d and %d, %d share", a.s.level, b.s.level, len(u.shared))
	}
}

// FuzzForgedReports sends honest reports of a link that carries only the sub
// stream through somebody who repeats, reorders and drops them: the level never
// rises, and nothing panics.
func FuzzForgedReports(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{255, 255, 3, 3, 3, 128, 64, 32})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		est := bwe.New(bwe.Config{RTT: 40 * ms1})
		s := New(Config{}, rand.New(rand.NewPCG(1, 1)))
		want := Want{Feeds: feeds(1)}
		now, queue, seq := time.Unix(50, 0), 0.0, int64(0)
		var wire, old []bwe.Result
		var filler Filler
		var v Verdict
		sent := 0
		put := func(size int) {
			seq++
			sent += size
			queue += float64(size) * 8
			r := bwe.Result{Seq: seq, Sent: now, Arrived: now.Add(20*ms1 + time.Duration(queue/1.5e6*1e9)), Size: size}
			if queue > 300e3 { // a buffer of 200 ms
				queue -= float64(size) * 8
				r.Arrived = time.Time{}
			}
			est.OnSent(now, size)
			wire = append(wire, r)
		}
		for i := range 3000 { // 15 s in steps of 5 ms
			now = now.Add(5 * ms1)
			queue = max(0, queue-1.5e6*0.005)
			if i%8 == 0 {
				put(1400)
				put(1400)
			}
			for fill := filler.Fill(now, v.Probe, sent); fill > 600; fill -= 1200 {
				put(1200)
			}
			sent = 0
			if i%4 != 3 {
				continue
			}
			n := 0
			for n < len(wire) && now.Sub(wire[n].Sent) > 40*ms1+time.Duration(queue/1.5e6*1e9) {
				n++
			}
			report := append([]bwe.Result(nil), wire[:n]...)
			wire = wire[n:]
			switch op := b[i/4%len(b)]; {
			case op < 60: // honest
			case op < 110:
				report = append(report, report...)
			case op < 160:
				report = append(report, old...)
			case op < 200:
				slices.Reverse(report)
			default:
				for k := range report { // numbers nobody sent
					forged := report[k]
					forged.Seq += int64(op) << 8
					forged.Sent = forged.Sent.Add(time.Hour)
					report = append(report, forged)
				}
			}
			old = report
			est.OnReport(now, report)
			v = s.Decide(now, est.Signals(), want)
			if v.Level > 1 {
				t.Fatalf("level %d on a link of 1.5 Mbit/s: %s; %+v", v.Level, v.Why, est.Signals())
			}
		}
	})
}
