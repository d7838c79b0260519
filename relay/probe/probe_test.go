package probe

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/control"
)

func at(ms int) time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(ms) * time.Millisecond)
}

func TestArrivalsComeBackAsTheyWere(t *testing.T) {
	var want []arrival
	for i := range 300 {
		seq := uint32(i ^ 1) // each two swapped
		want = append(want, arrival{
			stamp: stamp{step: uint16(i / 100), seq: seq, sent: at(10 * i).UnixNano()},
			at:    at(10*i + 31).UnixNano(), size: 100 + i,
		})
	}
	got, err := parseArrived(formatArrived(want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v: %v, want %v", err, got, want)
	}
}

func TestTestPacketsAreAsLargeAsAskedFor(t *testing.T) {
	want := stamp{step: 7, seq: 1 << 30, sent: 1 << 60}
	for _, size := range []int{smallSize, fullSize} {
		b := want.packet(size)
		if got, err := parseStamp(b); err != nil || got != want || len(b) != size {
			t.Errorf("%d bytes: %+v, %v", len(b), got, err)
		}
	}
}

func FuzzArrived(f *testing.F) {
	f.Add(formatArrived([]arrival{{stamp: stamp{1, 2, at(1).UnixNano()}, at: at(5).UnixNano(), size: 1311}}))
	f.Add([]byte{0, 0, 0, 0, 0})
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseArrived(b)
		if err != nil {
			return
		}
		again, err := parseArrived(formatArrived(list))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%d of %d come back: %v", len(again), len(list), err)
		}
		r := record{guard: newGuard()}
		for _, rooms := range []int{0, 1} {
			tl := &tally{step: control.ProbeStep{Rooms: rooms, ForMs: 1000}}
			r.guard.begin(tl, 0)
			for _, a := range list {
				if a.seq < 1<<12 { // as the prober, but with less memory
					tl.push(a)
				}
			}
			r.guard.look()
			r.settle(tl, "")
		}
		if w := r.way(); w.Lost < 0 || w.Lost > w.Offered {
			t.Fatalf("%+v", w)
		}
	})
}

func FuzzStamp(f *testing.F) {
	f.Add(stamp{1, 2, 3}.packet(64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseStamp(b); err == nil && string(s.packet(headSize)) != string(b[:headSize]) {
			t.Fatalf("%+v is not %x", s, b)
		}
	})
}

// play sends a step and hands on what left, with the times.
func play(step control.ProbeStep) (sent []arrival) {
	s := newSchedule(step, at(0))
	for now := at(0); !now.IsZero(); now = s.Next() {
		for {
			seq, size, ok := s.Pop(now)
			if !ok {
				break
			}
			sent = append(sent, arrival{stamp: stamp{step.ID, seq, now.UnixNano()}, size: size})
		}
	}
	return sent
}

func TestAStepSendsWhatItsRoomsTake(t *testing.T) {
	for _, rooms := range []int{1, 2, 4, 6} {
		bytes, last := 0, time.Duration(0)
		sent := play(control.ProbeStep{Rooms: rooms, ForMs: 4000}) // two groups of pictures
		for i, a := range sent {
			bytes += a.size + wireCost
			if a.seq != uint32(i) || a.size > fullSize {
				t.Fatalf("packet %d: %+v", i, a)
			}
			last = time.Duration(a.sent - at(0).UnixNano())
		}
		got, want := float64(bytes)*8/4, float64(rate(rooms))
		if math.Abs(got/want-1) > 0.03 { // the last packet of a frame has its own head
			t.Errorf("%d rooms: %.2f Mbit/s, not %.2f", rooms, got/1e6, want/1e6)
		}
		if last > 4100*time.Millisecond {
			t.Errorf("%d rooms: the last packet left after %v", rooms, last)
		}
	}
}

func TestATrickleIsASmallPacketEvery20MsAndAFullOneEvery40(t *testing.T) {
	full := 0
	sent := play(control.ProbeStep{ForMs: 1000})
	for i, a := range sent {
		if (i%3 == 1) != (a.size == fullSize) {
			t.Fatalf("packet %d has %d bytes", i, a.size)
		}
		if a.size == fullSize {
			full++
		}
	}
	if len(sent) != 75 || full != 25 {
		t.Errorf("%d packets, %d full", len(sent), full)
	}
}

// arrive takes a step over a line with the given delay in ms for every packet;
// below zero: it is lost.
func arrive(tl *tally, sent []arrival, delay func(i int) int) {
	for i, a := range sent {
		if d := delay(i); d >= 0 {
			a.at = a.sent + int64(d)*1e6
			tl.push(a)
		}
	}
	tl.sent = len(sent)
}

func TestLossesAreCountedInRunsAndThoseOfAFullQueueApart(t *testing.T) {
	sent := play(control.ProbeStep{ForMs: 4000})
	tl := &tally{step: control.ProbeStep{ForMs: 4000}}
	arrive(tl, sent, func(i int) int {
		switch {
		case i == 10, i >= 20 && i < 25, i >= 297: // one, five, the last three
			return -1
		case i == 100: // beside one that waited
			return -1
		case i == 101:
			return 60
		}
		return 10
	})
	tl.push(tl.came[0]) // a copy
	var l losses
	l.add(tl, 10*time.Millisecond, 20*time.Millisecond)
	want := losses{offered: 300, lost: 9, bursts: 3, longest: 5, overflow: 1}
	if l != want || tl.duplicate != 1 || l.mean() != 3 {
		t.Errorf("got %+v, want %+v; %d copies", l, want, tl.duplicate)
	}
}

func TestPacketsThatAreOvertakenAreCountedOnce(t *testing.T) {
	tl := &tally{}
	for _, seq := range []uint32{0, 3, 1, 2, 4, 2} {
		tl.push(arrival{stamp: stamp{seq: seq}})
	}
	if tl.reordered != 2 || tl.duplicate != 1 || tl.offered() != 5 || tl.loss() != 0 {
		t.Errorf("%+v", tl)
	}
}

func TestTheGuardStopsAStepThatQueuesAndNoOther(t *testing.T) {
	for _, x := range []struct {
		name  string
		delay func(i int) int
		want  string
	}{
		{"a line that carries it", func(int) int { return 20 }, ""},
		{"one packet in a hundred lost", func(i int) int { return map[bool]int{true: -1, false: 20}[i%100 == 50] }, ""},
		{"bursts of five, 2 % lost", func(i int) int { return map[bool]int{true: -1, false: 20}[i%250 < 5 && i > 5] }, ""},
		{"a queue that grows", func(i int) int { return 20 + i/4 }, "a queue of"},
		{"half of it lost", func(i int) int { return map[bool]int{true: -1, false: 20}[i%2 == 1] }, "lost within"},
		{"a spike of 90 ms", func(i int) int { return map[bool]int{true: 110, false: 20}[i > 200 && i < 220] }, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := newGuard()
			step := control.ProbeStep{Rooms: 1, ForMs: 1500}
			tl := &tally{step: step}
			g.begin(tl, 0)
			stop := ""
			for i, a := range play(step) {
				arrive(tl, []arrival{a}, func(int) int { return x.delay(i) })
				if i%20 == 19 && stop == "" {
					stop = g.look()
				}
			}
			if (stop == "") != (x.want == "") || !strings.Contains(stop, x.want) {
				t.Errorf("stopped because %q, want %q", stop, x.want)
			}
		})
	}
}

func TestAStepIsLossyOnlyBeyondWhatBurstsExplain(t *testing.T) {
	sent := play(control.ProbeStep{Rooms: 1, ForMs: 1500})
	for _, x := range []struct {
		name  string
		every int // one packet in so many is lost
		usual float64
		want  bool
	}{
		{"6 % where the trickle lost nothing", 16, 0, false},
		{"20 % where the trickle lost nothing", 5, 0, true},
		{"20 % where the trickle lost 5 %", 5, 0.05, false},
	} {
		tl := &tally{}
		arrive(tl, sent, func(i int) int { return map[bool]int{true: -1, false: 20}[i%x.every == 0] })
		if got := lossy(tl, x.usual); (got != "") != x.want {
			t.Errorf("%s: %q", x.name, got)
		}
	}
}

func TestAPlanTriesRoomsInOneDirectionUntilTheyDoNotHold(t *testing.T) {
	p := newPlan(Config{Rooms: 3}.WithDefaults())
	var got []string
	for m, ok := p.pop(); ok; m, ok = p.pop() {
		got = append(got, m.way.String()+" "+string(rune('0'+m.Rooms)))
		if m.way == Down && m.Rooms == 3 {
			p.turn() // it did not hold
		}
	}
	want := "both 0,down 1,down 2,down 3,up 1,up 2,up 3,up 4,up 6"
	if s := strings.Join(got, ","); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestConfigSaysWhatCannotBeMeasured(t *testing.T) {
	for want, c := range map[string]Config{
		"--for: 1s is not between 8s and 1m0s":                   {For: time.Second},
		"--rooms: 21 is not between 1 and 20":                    {Rooms: 21},
		"--max-rate: one room takes 5.0 Mbit/s, 2.0 are allowed": {MaxRate: 2e6},
		"--max-rate: 7 rooms take 34.7 Mbit/s, 30.0 are allowed": {Rooms: 7},
		"--clock-error: -1ms is below 0":                         {ClockError: -time.Millisecond},
	} {
		if err := c.Check(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := (Config{}).Check(); err != nil {
		t.Error(err)
	}
}

func TestDriftIsReadFromTheQuickestExchanges(t *testing.T) {
	var s samples
	for i := range 300 { // 15 s, 40 ppm, a queue in most round trips
		queue := time.Duration(i%7) * time.Millisecond
		s.list = append(s.list, sample{
			at: at(50 * i), rtt: 40*time.Millisecond + queue,
			offset: time.Second + time.Duration(2*i)*time.Microsecond + queue/2,
		})
	}
	drift, err, ok := s.drift()
	if !ok || math.Abs(drift-40e-6) > err || err > 300e-6 {
		t.Errorf("%g ± %g, %v", drift, err, ok)
	}
}

func TestTheWayThereIsKnownAsWellAsTheClocks(t *testing.T) {
	const ms = time.Millisecond
	for _, x := range []struct {
		name             string
		down, up, clocks time.Duration
		wantDown, wantUp time.Duration
		by               time.Duration
	}{
		{"nobody knows the clocks", 10 * ms, 30 * ms, 0, 20 * ms, 20 * ms, 20 * ms},
		{"they agree within 1 ms", 10 * ms, 30 * ms, ms, 10 * ms, 30 * ms, ms},
		{"they cannot agree, whatever was said", -500 * ms, 540 * ms, ms, 20 * ms, 20 * ms, 20 * ms},
	} {
		t.Run(x.name, func(t *testing.T) {
			var down, up Way
			delays(&down, &up, x.down, x.up, x.clocks)
			if down.Delay != x.wantDown || up.Delay != x.wantUp || down.DelayError != x.by || up.DelayError != x.by {
				t.Errorf("%v ± %v, %v ± %v", down.Delay, down.DelayError, up.Delay, up.DelayError)
			}
		})
	}
}
