package playout

import (
	"bytes"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

func TestSplicerHandsOnEachFrameWhenItIsWhole(t *testing.T) {
	r := newRig(t, Config{})
	c := &clip{t: t, seq: 65533, offset: 77, ssrc: 1}
	g := c.gop(0, 3)
	r.push(1, g[0].packets[0])
	r.push(2, g[0].packets[1])
	r.push(3, g[0].packets[2])
	r.push(41, g[1].packets[0])
	r.push(42, g[1].packets[1])
	r.push(82, g[2].packets...)
	r.expect(sent{3, 0, 3}, sent{42, 40, 2}, sent{82, 80, 2})
	for i, p := range append(append(g[0].packets, g[1].packets...), g[2].packets...) {
		if !bytes.Equal(r.out[i].out.Payload, p.Payload()) {
			t.Errorf("payload %d was changed", i)
		}
		if r.out[i].out.Marker != p.Marker || r.out[i].out.PayloadType != 96 {
			t.Errorf("header %d: %+v", i, r.out[i].out.Header)
		}
	}
}

func TestSplicerReordersAndWaitsForRepairs(t *testing.T) {
	for _, c := range []struct {
		name string
		feed func(r *rig, g []shot)
		want []sent
		st   Stats
	}{
		{
			"two packets of a frame change places",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets...)
				r.push(40, g[1].packets[1])
				r.push(41, g[1].packets[0])
				r.push(80, g[2].packets...)
			},
			[]sent{{0, 0, 3}, {41, 40, 2}, {80, 80, 2}},
			Stats{},
		},
		{
			"a repair comes 150 ms late: what waited behind it leaves at once, in order",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets...)
				r.push(40, g[1].packets[0])
				r.push(80, g[2].packets...)
				r.push(120, g[3].packets...)
				r.push(230, g[1].packets[1])
			},
			[]sent{{0, 0, 3}, {230, 40, 2}, {230, 80, 2}, {230, 120, 2}},
			Stats{},
		},
		{
			"no repair in 200 ms: skips to the next key frame, the repair is late",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets...)
				r.push(40, g[1].packets[0])
				r.push(80, g[2].packets...)
				r.push(120, g[3].packets...)
				r.wait(300)
				r.push(300, g[1].packets[1])
				r.push(400, g[5].packets...)
				r.push(440, g[6].packets...)
			},
			[]sent{{0, 0, 3}, {400, 200, 3}, {440, 240, 2}},
			Stats{Incomplete: 2, Skipped: 1, Late: 1, KeyAsked: 1},
		},
		{
			"a whole key frame behind the hole ends the wait early",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets...)
				r.push(40, g[1].packets[0])
				r.push(80, g[2].packets...)
				r.push(200, g[5].packets...)
			},
			[]sent{{0, 0, 3}, {230, 200, 3}},
			Stats{Incomplete: 2},
		},
		{
			"the key frame's own beginning is missing: it is not handed on",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets...)
				r.push(200, g[5].packets[1:]...)
				r.push(240, g[6].packets...)
				r.wait(500)
			},
			[]sent{{0, 0, 3}},
			Stats{Incomplete: 1, Skipped: 1, KeyAsked: 1},
		},
		{
			"a packet comes twice",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets...)
				r.push(1, g[0].packets[1])
				r.push(40, g[1].packets[0], g[1].packets[0], g[1].packets[1])
			},
			[]sent{{0, 0, 3}, {40, 40, 2}},
			Stats{Late: 2},
		},
		{
			"starts in mid-stream: waits for a key frame and asks for one, once",
			func(r *rig, g []shot) {
				r.push(0, g[1].packets...)
				r.push(40, g[2].packets...)
				r.push(80, g[3].packets...)
				r.push(200, g[5].packets...)
			},
			[]sent{{200, 0, 3}},
			Stats{},
		},
		{
			"the cached group begins behind a lost SPS that was repaired",
			func(r *rig, g []shot) {
				r.push(0, g[0].packets[1:]...)
				r.push(40, g[1].packets...)
				r.push(41, g[0].packets[0])
			},
			[]sent{{41, 0, 3}, {41, 2, 2}},
			Stats{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Config{})
			k := &clip{t: t, seq: 65530, ssrc: 9}
			c.feed(r, append(k.gop(0, 5), k.gop(200, 5)...))
			r.wait(1e4)
			r.expect(c.want...)
			st := r.s.Stats()
			got := Stats{Incomplete: st.Incomplete, Skipped: st.Skipped, Late: st.Late, KeyAsked: st.KeyAsked}
			if c.name[:6] != "starts" && got != c.st {
				t.Errorf("counted %+v, want %+v", got, c.st)
			}
		})
	}
}

func TestSplicerLosesOnlyTheFrameThatNothingRefersTo(t *testing.T) {
	r := newRig(t, Config{})
	c := &clip{t: t}
	key := c.frame(0, 3, true, false)
	b := c.frame(40, 3, false, true)
	p := c.frame(80, 2, false, false)
	r.push(0, key.packets...)
	r.push(40, b.packets[0], b.packets[2])
	r.push(80, p.packets...)
	r.wait(1000)
	r.expect(sent{0, 0, 3}, sent{240, 80, 2})
	if st := r.s.Stats(); st.Incomplete != 1 || st.Skipped != 0 || st.KeyAsked != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestSplicerStampsTheCachedGroupClose(t *testing.T) {
	r := newRig(t, Config{})
	c := &clip{t: t, offset: 1 << 31}
	g := c.gop(0, 50) // two seconds
	var all []*media.Packet
	for _, s := range g {
		all = append(all, s.packets...)
	}
	r.push(1970, all...)
	live := append(c.gop(2000, 1), c.frame(2040, 2, false, false), c.frame(2080, 2, false, false),
		c.frame(2120, 2, false, false))
	for i, s := range live {
		r.push(2010+40*float64(i), s.packets...)
	}
	f := r.frames()
	if len(f) != 54 {
		t.Fatalf("%d frames came", len(f))
	}
	for i := 1; i < 50; i++ {
		if f[i].at != 1970 || f[i].stamp != 2*float64(i) {
			t.Fatalf("cached frame %d: %+v", i, f[i])
		}
	}
	// The line passes through the quickest frame: 10 ms after its capture. The
	// first frame left at 1970 with stamp 0, so live frames meet the line when
	// their stamp is the time since then.
	for i, want := range []float64{100, 102, 120, 160} {
		if f[50+i].stamp != want {
			t.Errorf("live frame %d is stamped %v, want %v", i, f[50+i].stamp, want)
		}
	}
	if st := r.s.Stats(); st.CaughtUp != 51 {
		t.Errorf("%d frames counted as caught up", st.CaughtUp)
	}
}

func TestSplicerStampsBFramesBetween(t *testing.T) {
	r := newRig(t, Config{})
	c := &clip{t: t, offset: 5}
	// Order of decoding I0 P3 B1 B2 P6 B4 B5, captured every 40 ms.
	for i, at := range []float64{0, 120, 40, 80, 240, 160, 200} {
		r.push([]float64{120, 240, 280, 320, 360, 400, 440}[i], c.frame(at, 2, i == 0, false).packets...)
	}
	for i, want := range []float64{0, 120, 40, 80, 240, 160, 200} {
		if f := r.frames()[i]; f.stamp != want {
			t.Errorf("frame %d is stamped %v, want %v", i, f.stamp, want)
		}
	}
}

func TestSplicerCatchesUpWithBFramesInOrder(t *testing.T) {
	r := newRig(t, Config{})
	c := &clip{t: t, offset: 5}
	var all []*media.Packet
	for i, at := range []float64{0, 120, 40, 80, 240, 160, 200} {
		all = append(all, c.frame(at, 2, i == 0, false).packets...)
	}
	r.push(1000, all...)
	for i, want := range []float64{0, 6, 2, 4, 12, 8, 10} {
		if f := r.frames()[i]; f.stamp != want {
			t.Errorf("frame %d is stamped %v, want %v", i, f.stamp, want)
		}
	}
}

func TestSplicerChangesLayersAtKeyFrames(t *testing.T) {
	r := newRig(t, Config{})
	main := &clip{t: t, ssrc: 1, offset: 1e6}
	sub := &clip{t: t, layer: media.LayerSub, ssrc: 2, offset: 3e9, seq: 700}

	r.push(10, main.gop(0, 1)[0].packets...)
	r.push(50, main.frame(40, 2, false, false).packets...)
	// Main stops. Sub's group began before main stopped, and goes on.
	var cached []*media.Packet
	for _, s := range sub.gop(30, 5) { // up to 190: 150 ms behind main's last
		cached = append(cached, s.packets...)
	}
	r.push(205, cached...)
	r.push(240, sub.frame(230, 2, false, false).packets...) // 190 ms behind it
	r.push(280, sub.frame(270, 2, false, false).packets...)
	r.push(320, sub.frame(310, 2, false, false).packets...)
	r.push(360, sub.frame(350, 2, false, false).packets...)
	r.push(400, sub.frame(390, 2, false, false).packets...)
	// Main is back, in the middle of a group, then with a key frame.
	r.push(430, main.frame(420, 2, false, false).packets...)
	r.push(440, sub.frame(430, 2, false, false).packets...)
	r.push(475, main.gop(460, 1)[0].packets...)
	r.push(480, sub.frame(470, 2, false, false).packets...)
	r.push(510, main.frame(500, 2, false, false).packets...)

	r.expect(
		sent{10, 0, 3}, sent{50, 40, 2},
		// the cached group, 2 ms apart, up to the live edge
		sent{240, 42, 3}, sent{240, 70, 2}, sent{240, 110, 2}, sent{240, 150, 2}, sent{240, 190, 2},
		sent{240, 230, 2}, sent{280, 270, 2}, sent{320, 310, 2}, sent{360, 350, 2},
		sent{400, 390, 2}, sent{440, 430, 2},
		sent{475, 460, 3}, sent{510, 500, 2},
	)
	if st := r.s.Stats(); st.Switches != 2 || st.Layer != media.LayerMain {
		t.Errorf("counted %+v", st)
	}
}

func TestSplicerKeepsRealTimeAcrossAReplacedSource(t *testing.T) {
	for _, unknown := range []bool{false, true} {
		r := newRig(t, Config{}, media.LayerMain)
		a := &clip{t: t, ssrc: 1, offset: 4e9, unknown: unknown}
		b := &clip{t: t, ssrc: 2, offset: 5, seq: 30000, unknown: unknown}
		for i, s := range a.gop(0, 3) {
			r.push(40*float64(i), s.packets...)
		}
		straggler := a.frame(120, 2, false, false)
		for i, s := range b.gop(10080, 3) {
			r.push(10080+40*float64(i), s.packets...)
			r.push(10081+40*float64(i), straggler.packets...)
		}
		r.expect(sent{0, 0, 3}, sent{40, 40, 2}, sent{80, 80, 2},
			sent{10080, 10080, 3}, sent{10120, 10120, 2}, sent{10160, 10160, 2})
		if st := r.s.Stats(); st.Restarts != 1 || st.Late != 6 {
			t.Errorf("counted %+v", st)
		}
	}
}

func TestSplicerMendsATimestampJump(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	c := &clip{t: t}
	g := c.gop(0, 2)
	c.offset = 1 << 30
	g = append(g, c.frame(80, 2, false, false), c.frame(120, 2, false, false))
	for i, s := range g {
		r.push(40*float64(i), s.packets...)
	}
	r.expect(sent{0, 0, 3}, sent{40, 40, 2}, sent{80, 80, 2}, sent{120, 120, 2})
}

func TestSplicerLeavesOutWhatASlowViewerDoesNotTake(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	c := &clip{t: t}
	g := append(c.gop(0, 25), c.gop(1000, 5)...)
	r.s.Push(ms(0), g[0].packets[0])
	r.s.Push(ms(0), g[0].packets[1])
	r.s.Push(ms(0), g[0].packets[2])
	if p, ok := r.s.Pop(ms(0)); !ok || p.SequenceNumber != 65534 {
		t.Fatal("no packet")
	}
	// The viewer takes one packet and stops for 1.04 s.
	for i, s := range g[1:27] {
		for _, p := range s.packets {
			r.s.Push(ms(40+40*float64(i)), p)
		}
	}
	r.out = append(r.out, got{})
	r.out[0].out.SequenceNumber, r.out[0].out.Timestamp = 65534, 1000
	r.drain(ms(1050))
	f := r.frames()
	if len(f) != 3 || f[0].packets != 3 || f[1].packets != 3 || f[2].packets != 2 {
		t.Fatalf("came: %+v", f)
	}
	if f[1].stamp != 1000 || f[2].stamp != 1040 {
		t.Errorf("stamped: %+v", f)
	}
	if st := r.s.Stats(); st.Slow+st.Skipped != 24 || st.Broken != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestSplicerDelayEvensOutArrival(t *testing.T) {
	r := newRig(t, Config{Delay: 50 * time.Millisecond}, media.LayerMain)
	c := &clip{t: t}
	g := c.gop(0, 4)
	r.push(10, g[0].packets...)
	r.push(70, g[1].packets...) // 20 ms later than the first
	r.push(90, g[2].packets...)
	r.push(130, g[3].packets...)
	r.wait(1000)
	r.expect(sent{10, 0, 3}, sent{100, 40, 2}, sent{140, 80, 2}, sent{180, 120, 2})
}

func TestSplicerReportsTheTimeOfCapture(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	if _, ok := r.s.Report(ms(0)); ok {
		t.Error("a report before the first frame")
	}
	c := &clip{t: t}
	for i, s := range c.gop(0, 3) {
		r.push(70+40*float64(i), s.packets...)
	}
	stamp, ok := r.s.Report(ms(500)) // 420 ms after the last capture, stamped 80 ms
	if want := uint32(1000 + 90*500); !ok || stamp != want {
		t.Errorf("reported %d, want %d", stamp, want)
	}
}
