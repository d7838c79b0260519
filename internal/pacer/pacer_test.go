package pacer

import (
	"testing"
	"time"
)

// start is an arbitrary moment; tests move it by hand.
func start() time.Time { return time.Unix(1000, 0) }

func drain(p *Pacer[int], now time.Time) (out []int) {
	for {
		v, ok := p.Pop(now)
		if !ok {
			return out
		}
		out = append(out, v)
	}
}

func TestClassesLeaveInOrderOfUrgency(t *testing.T) {
	p := New[int](Config{Rate: 1e9})
	now := start()
	for c := NumClasses - 1; c >= 0; c-- {
		p.Push(now, Class(c), 1, 100, c)
	}
	got := drain(p, now)
	if len(got) != NumClasses {
		t.Fatalf("%d of %d left", len(got), NumClasses)
	}
	for i, v := range got {
		if v != i {
			t.Fatalf("order %v", got)
		}
	}
	if !p.Next().IsZero() {
		t.Fatal("an empty pacer wants to be woken")
	}
}

func TestPacedPacketsKeepTheRate(t *testing.T) {
	p := New[int](Config{Rate: 4.8e6}) // 500 packets of 1200 bytes a second
	now := start()
	for i := range 1000 {
		p.Push(now, Media, 1, 1200, i)
	}
	sent, biggest := 0, 0
	for now.Sub(start()) < time.Second {
		n := len(drain(p, now))
		biggest = max(biggest, n)
		sent += n
		next := p.Next()
		if !next.After(now) {
			t.Fatalf("Next is %v ago and nothing left", now.Sub(next))
		}
		now = next
	}
	// 500 and the first quantum, which an idle pacer has ready.
	if sent < 498 || sent > 504 {
		t.Fatalf("%d packets in a second, want 500", sent)
	}
	if biggest > 4 { // 5 ms are 2.5 packets
		t.Fatalf("%d packets at once", biggest)
	}
}

func TestBurstsAreBoundedInPacketsOnAFastLink(t *testing.T) {
	p := New[int](Config{Rate: 1e9}) // 5 ms are 520 packets
	now := start()
	for i := range 1000 {
		p.Push(now, Media, 1, 1200, i)
	}
	drain(p, now)
	now = p.Next()
	if n := len(drain(p, now)); n < 99 || n > 101 {
		t.Fatalf("%d packets at once, want 100", n)
	}
}

func TestAKeyFrameDoesNotDelaySound(t *testing.T) {
	p := New[int](Config{Rate: 2e6})
	now := start()
	for range 120 {
		p.Push(now, Media, 1, 1200, 0)
	}
	for i := 1; i <= 20; i++ {
		drain(p, now)
		p.Push(now, Audio, 2, 200, i)
		if v, ok := p.Pop(now); !ok || v != i {
			t.Fatalf("sound %d waits behind the picture", i)
		}
		now = now.Add(20 * time.Millisecond)
	}
	// The sound was charged: 20 packets of 200 bytes of 0.4 s at 2 Mbit/s.
	if sent := p.Stats().Sent[Media].Bytes; sent > 100_000-20*200+1200*3 {
		t.Fatalf("the picture took %d bytes as well", sent)
	}
}

func TestFlowsOfAClassTakeTurnsByBytes(t *testing.T) {
	p := New[int](Config{Rate: 1e9})
	now := start()
	for range 100 {
		p.Push(now, Media, 1, 1200, 1) // a key frame
	}
	for range 40 {
		p.Push(now, Media, 2, 600, 2)
	}
	bytes := map[int]int{}
	for range 60 {
		v, ok := p.Pop(now)
		if !ok {
			t.Fatal("nothing left")
		}
		bytes[v] += map[int]int{1: 1200, 2: 600}[v]
	}
	if d := bytes[1] - bytes[2]; d < -3000 || d > 3000 {
		t.Fatalf("flow 1 got %d bytes, flow 2 %d", bytes[1], bytes[2])
	}
}

func TestPacketsOfAFlowStayInOrder(t *testing.T) {
	p := New[int](Config{Rate: 1e8})
	now := start()
	want := 0
	for i := range 500 {
		p.Push(now, Media, 7, 1000, i)
		if i%3 == 0 {
			now = now.Add(time.Millisecond)
			for _, v := range drain(p, now) {
				if v != want {
					t.Fatalf("%d left, %d was next", v, want)
				}
				want++
			}
		}
	}
}

func TestDroppingAFlowLeavesTheOthers(t *testing.T) {
	p := New[int](Config{Rate: 1e6})
	now := start()
	for i := range 10 {
		p.Push(now, Media, 1, 1000, i)
		p.Push(now, Media, 2, 1000, 100+i)
		p.Push(now, Parity, 1, 1000, 200+i)
	}
	told := 0
	c := p.DropFlow(1, func(v int) {
		if v >= 100 && v < 200 {
			t.Fatalf("dropped %d of the other flow", v)
		}
		told++
	})
	if c.Packets != 20 || c.Bytes != 20_000 || told != 20 {
		t.Fatalf("dropped %+v, told %d", c, told)
	}
	s := p.Stats()
	if s.Queued[Media].Packets != 10 || s.Queued[Parity].Packets != 0 || s.Dropped[Parity].Packets != 10 {
		t.Fatalf("%+v", s)
	}
}

func TestOldPacketsAreDroppedAndTheAgeIsSeen(t *testing.T) {
	p := New[int](Config{Rate: 1})
	now := start()
	p.Pop(now)
	for i := range 5 {
		p.Push(now.Add(time.Duration(i)*10*time.Millisecond), Media, Flow(i%2), 1000, i)
	}
	now = now.Add(50 * time.Millisecond)
	if age := p.Age(now, Media); age != 50*time.Millisecond {
		t.Fatalf("age %v", age)
	}
	c := p.DropOlder(Media, start().Add(25*time.Millisecond), nil)
	if c.Packets != 3 {
		t.Fatalf("dropped %+v, want the first three", c)
	}
	if age := p.Age(now, Media); age != 20*time.Millisecond {
		t.Fatalf("age %v after the drop", age)
	}
	if p.Age(now, Audio) != 0 {
		t.Fatal("an empty class has an age")
	}
}

func TestNoRateStopsPicturesButNotSound(t *testing.T) {
	p := New[int](Config{})
	now := start()
	p.SetRate(now, 0)
	p.Push(now, Media, 1, 1000, 1)
	if _, ok := p.Pop(now); ok || !p.Next().IsZero() {
		t.Fatal("a picture leaves without a rate")
	}
	p.Push(now, Audio, 2, 100, 2)
	if v, ok := p.Pop(now); !ok || v != 2 {
		t.Fatal("sound does not leave")
	}
	p.SetRate(now, 1e6)
	if v, ok := p.Pop(p.Next()); !ok || v != 1 {
		t.Fatal("the picture does not leave with a rate")
	}
}

func TestMadeSilence(t *testing.T) {
	p := New[int](Config{Rate: 40e6})
	p.SetSilence(DefaultSilence())
	now := start()
	last, longest, sent := now, time.Duration(0), 0
	gaps := 0
	// Six cameras: a packet every 350 µs, 27 Mbit/s, without a pause of its own.
	for i := range 3000 {
		at := start().Add(time.Duration(i) * 350 * time.Microsecond)
		for now.Before(at) {
			if next := p.Next(); !next.IsZero() && next.Before(at) {
				now = next
			} else {
				now = at
			}
			for range drain(p, now) {
				if gap := now.Sub(last); gap >= 8*time.Millisecond {
					gaps++
				}
				last = now
				sent++
			}
			longest = max(longest, p.Age(now, Media))
		}
		p.Push(now, Media, Flow(i%6), 1200, i)
	}
	// A stretch of 20 ms and a pause of 8: 36 in a second of 1050 ms at most.
	if gaps < 28 {
		t.Fatalf("%d pauses of 8 ms in a second", gaps)
	}
	if longest > 20*time.Millisecond {
		t.Fatalf("a packet waited %v", longest)
	}
	if sent < 2900 {
		t.Fatalf("%d of 3000 left", sent)
	}
}

func TestRepairOnDemandDoesNotWaitForSilence(t *testing.T) {
	p := New[int](Config{Rate: 100e6})
	p.SetSilence(DefaultSilence())
	now := start()
	for i := range 21 {
		p.Push(now, Media, 1, 1200, i)
		drain(p, now)
		now = now.Add(time.Millisecond)
	}
	p.Push(now, Media, 1, 1200, 1)
	if _, ok := p.Pop(now); ok {
		t.Fatal("a picture leaves in the pause")
	}
	p.Push(now, Repair, 1, 1200, 2)
	if v, ok := p.Pop(now); !ok || v != 2 {
		t.Fatal("repair waits for the pause")
	}
	if v, ok := p.Pop(p.Next()); !ok || v != 1 {
		t.Fatal("the picture does not leave after the pause")
	}
}

func BenchmarkPushPop(b *testing.B) {
	p := New[int](Config{Rate: 1e12})
	now := start()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		now = now.Add(10 * time.Microsecond)
		p.Push(now, Media, Flow(i%10), 1200, i)
		p.Pop(now)
	}
}
