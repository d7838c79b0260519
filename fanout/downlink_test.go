package fanout

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/media"
)

const (
	mainFlow  = 64
	audioFlow = 65
	subFlow   = 66
)

// far is the other end of a downlink in a test: everything that leaves arrives a
// little later, and reports come back. Lose says which packets do not.
type far struct {
	t     *testing.T
	d     *Downlink
	u     *Uplink
	now   time.Time
	delay time.Duration
	lose  func(o Out) bool
	way   []wayside
	sent  map[uint64]int // media packets that left, by flow
	sr    []rtcp.SenderReport
}

type wayside struct {
	at   time.Time
	flow uint64
	data []byte
	back bool
}

func newFar(t *testing.T, cfg DownlinkConfig) *far {
	t.Helper()
	f := &far{
		t: t, d: NewDownlink(cfg), u: NewUplink(0), now: time.Unix(1_000_000, 0), delay: 20 * time.Millisecond,
		sent: make(map[uint64]int),
	}
	f.d.SetPath(2 * f.delay)
	f.u.SetPath(2 * f.delay)
	return f
}

func (f *far) open(id uint64, l media.Layer) {
	f.d.Open(f.now, id, "room", l, FlowOptions{})
	f.u.Open(id, "room", l, track())
}

// run passes time in steps of a millisecond; each is called with the time.
func (f *far) run(d time.Duration, each func(now time.Time)) {
	for end := f.now.Add(d); f.now.Before(end); f.now = f.now.Add(time.Millisecond) {
		if each != nil {
			each(f.now)
		}
		f.d.Tick(f.now)
		for o, ok := f.d.Pop(f.now); ok; o, ok = f.d.Pop(f.now) {
			f.leave(o)
		}
		f.u.Tick(f.now)
		for b, ok := f.u.PopReport(f.now); ok; b, ok = f.u.PopReport(f.now) {
			f.way = append(f.way, wayside{at: f.now.Add(f.delay), data: b, back: true})
		}
		f.arrive()
	}
}

func (f *far) leave(o Out) {
	if o.Packet != nil && !o.again {
		f.sent[o.Flow]++
	}
	var sr rtcp.SenderReport
	if o.Packet == nil && o.Flow < RepairOffset && sr.Unmarshal(o.Data) == nil {
		f.sr = append(f.sr, sr)
	}
	if f.lose != nil && f.lose(o) {
		return
	}
	f.way = append(f.way, wayside{at: f.now.Add(f.delay), flow: o.Flow, data: append([]byte(nil), o.Data...)})
}

func (f *far) arrive() {
	for len(f.way) > 0 && !f.way[0].at.After(f.now) {
		w := f.way[0]
		f.way = f.way[1:]
		if !w.back {
			f.u.Push(f.now, w.flow, w.data)
		} else if err := f.d.Feedback(f.now, w.data); err != nil {
			f.t.Fatal(err)
		}
	}
}

// show pushes a camera's frames as time passes, size packets each, a key frame of
// eight times that every fifty.
func (f *far) show(id uint64, c *camera, size int) func(now time.Time) {
	c.now = f.now
	n := 0
	return func(now time.Time) {
		for !c.now.After(now) {
			k := size
			if n%50 == 0 {
				k *= 8
			}
			for _, p := range c.frame(f.t, k, n%50 == 0) {
				f.d.Push(now, id, p)
			}
			n++
		}
	}
}

func both(fs ...func(now time.Time)) func(now time.Time) {
	return func(now time.Time) {
		for _, g := range fs {
			g(now)
		}
	}
}

func TestAudioLeavesBeforeVideoThatWasThereFirst(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	f.open(audioFlow, media.LayerAudio)
	v, a := newCamera(media.LayerMain), newCamera(media.LayerAudio)
	for _, p := range v.frame(t, 200, true) { // far more than leaves at once
		f.d.Push(f.now, mainFlow, p)
	}
	f.run(2*time.Millisecond, nil)
	f.d.Push(f.now, audioFlow, a.frame(t, 1, false)[0])
	var first Out
	for o, ok := f.d.Pop(f.now); ok; o, ok = f.d.Pop(f.now) {
		if o.Packet != nil {
			first = o
			break
		}
	}
	if first.Flow != audioFlow {
		t.Fatalf("flow %d leaves first", first.Flow)
	}
}

func TestASenderReportGoesInFrontAndEveryHalfSecond(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	c := newCamera(media.LayerMain)
	f.run(1100*time.Millisecond, f.show(mainFlow, c, 2))
	if len(f.sr) != 3 {
		t.Fatalf("%d reports in a second, want 3", len(f.sr))
	}
	first := media.FromNTP(f.sr[0].NTPTime)
	if d := first.Sub(time.Unix(1_000_000, 0)).Abs(); d > time.Microsecond {
		t.Fatalf("the first report is %v off the capture time", d)
	}
}

func TestWhatIsLostComesBackBitForBit(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	c := newCamera(media.LayerMain)
	n := 0
	f.lose = func(Out) bool { n++; return n%31 == 0 }
	f.run(10*time.Second, f.show(mainFlow, c, 10))
	f.lose = nil
	f.run(time.Second, nil)
	got := popAll(f.u)
	if sent := f.sent[mainFlow]; len(got) != sent || sent < 2000 {
		t.Fatalf("%d of %d packets arrived", len(got), sent)
	}
	st, _ := f.u.Flow(f.now, mainFlow)
	if st.Restored < 50 || st.GivenUp != 0 {
		t.Fatalf("%+v", st)
	}
	if d := f.d.Stats(f.now); float64(d.Parity) > 0.08*float64(d.Bytes) {
		t.Fatalf("%d bytes of parity for %d of media", d.Parity, d.Bytes)
	}
}

func TestACleanLinkCarriesNoParity(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	c := newCamera(media.LayerMain)
	f.run(20*time.Second, f.show(mainFlow, c, 10))
	if d := f.d.Stats(f.now); float64(d.Parity) > 0.005*float64(d.Bytes) {
		t.Fatalf("%d bytes of parity for %d of media", d.Parity, d.Bytes)
	}
}

func TestALinkBeginsWithSubAndGoesUpAtAKeyFrame(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	f.open(subFlow, media.LayerSub)
	main, sub := newCamera(media.LayerMain), newCamera(media.LayerSub)
	f.run(200*time.Millisecond, both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2)))
	if l, ok := f.d.PictureNow("room"); !ok || l != media.LayerSub {
		t.Fatalf("%v, %v is shown first", l, ok)
	}
	f.run(10*time.Second, both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2)))
	if l, _ := f.d.PictureNow("room"); l != media.LayerMain {
		last, _ := f.d.LastSwitch()
		t.Fatalf("still %v after ten seconds: %s", l, last.Why)
	}
	if n := f.sent[subFlow]; n > 500 {
		t.Fatalf("sub goes on beside main: %d packets", n)
	}
}

// The node further up goes over to the sub stream: here main stops and sub comes on.
func TestMainThatIsOvertakenMakesRoomForSub(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	f.open(subFlow, media.LayerSub)
	main, sub := newCamera(media.LayerMain), newCamera(media.LayerSub)
	shown := f.show(subFlow, sub, 2)
	f.run(10*time.Second, both(f.show(mainFlow, main, 12), shown))
	if l, _ := f.d.PictureNow("room"); l != media.LayerMain {
		t.Fatalf("%v is shown", l)
	}
	stopped := f.now
	for f.now.Sub(stopped) < 2*time.Second {
		f.run(10*time.Millisecond, shown)
		if l, ok := f.d.PictureNow("room"); ok && l == media.LayerSub {
			break
		}
	}
	if took := f.now.Sub(stopped); took > overtakenAfter+100*time.Millisecond { // two frames more
		t.Errorf("sub is shown after %s", took)
	}
}

// A document camera of two pictures a second pauses for longer than that all the time.
func TestASlowMainStreamIsNotOvertaken(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	f.open(subFlow, media.LayerSub)
	main, sub := newCamera(media.LayerMain), newCamera(media.LayerSub)
	shown, next := f.show(subFlow, sub, 2), f.now
	slow := func(now time.Time) {
		if now.Before(next) {
			return
		}
		main.now, next = now, next.Add(500*time.Millisecond)
		for _, p := range main.frame(t, 30, true) {
			f.d.Push(now, mainFlow, p)
		}
	}
	f.run(10*time.Second, both(slow, shown))
	for range 500 {
		f.run(10*time.Millisecond, both(slow, shown))
		if l, _ := f.d.PictureNow("room"); l != media.LayerMain {
			last, _ := f.d.LastSwitch()
			t.Fatalf("%v is shown: %s", l, last.Why)
		}
	}
}

func TestWhoNeedsTheSubStreamGetsItBesideMain(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	f.d.Open(f.now, subFlow, "room", media.LayerSub, FlowOptions{Always: true})
	f.u.Open(subFlow, "room", media.LayerSub, track())
	main, sub := newCamera(media.LayerMain), newCamera(media.LayerSub)
	f.run(10*time.Second, both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2)))
	was := f.sent[subFlow]
	f.run(2*time.Second, both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2)))
	if active, since := f.d.Active(mainFlow); !active || since.IsZero() || f.sent[subFlow] == was {
		t.Fatalf("main %v since %v, sub %d packets in two seconds", active, since, f.sent[subFlow]-was)
	}
}

func TestAFixedLayerStays(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	fixed := FlowOptions{Fixed: true, FixedAt: media.LayerSub}
	f.d.Open(f.now, mainFlow, "room", media.LayerMain, fixed)
	f.d.Open(f.now, subFlow, "room", media.LayerSub, fixed)
	main, sub := newCamera(media.LayerMain), newCamera(media.LayerSub)
	f.run(10*time.Second, both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2)))
	if f.sent[mainFlow] != 0 || f.sent[subFlow] == 0 {
		t.Fatalf("%d packets of main, %d of sub", f.sent[mainFlow], f.sent[subFlow])
	}
}

func TestNoReportMeansSoundOnly(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	f.open(audioFlow, media.LayerAudio)
	v, a := newCamera(media.LayerMain), newCamera(media.LayerAudio)
	sound := func(now time.Time) {
		if now.UnixMilli()%20 == 0 {
			f.d.Push(now, audioFlow, a.frame(t, 1, false)[0])
		}
	}
	f.run(3*time.Second, both(f.show(mainFlow, v, 10), sound))
	f.lose = func(Out) bool { return true }
	f.way = nil
	back := f.delay
	f.delay = time.Hour // reports too
	f.run(time.Second, both(f.show(mainFlow, v, 10), sound))
	video, voice := f.sent[mainFlow], f.sent[audioFlow]
	f.run(time.Second, both(f.show(mainFlow, v, 10), sound))
	if f.sent[mainFlow] != video || f.sent[audioFlow]-voice < 45 {
		t.Fatalf("in a second of blackout %d packets of picture and %d of sound left",
			f.sent[mainFlow]-video, f.sent[audioFlow]-voice)
	}
	f.delay, f.lose, f.way = back, nil, nil
	f.run(3*time.Second, both(f.show(mainFlow, v, 10), sound))
	if f.sent[mainFlow] == video {
		t.Fatal("the picture does not come back")
	}
}

// A camera without a microphone: nothing but pictures ever leaves, and in a
// blackout not even those.
func TestAFeedWithoutSoundComesBack(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.run(10*time.Second, nil) // a link that has long been up
	f.open(mainFlow, media.LayerMain)
	f.run(time.Second, nil) // the camera is slow to begin
	v := newCamera(media.LayerMain)
	f.run(time.Second, f.show(mainFlow, v, 10))
	if f.sent[mainFlow] < 200 {
		t.Fatalf("%d packets left in the first second, want all", f.sent[mainFlow])
	}
	if last, n := f.d.LastSwitch(); n > 1 {
		t.Errorf("the layers changed %d times before the first picture: %s", n, last.Why)
	}
	back := f.delay
	f.lose, f.delay = func(Out) bool { return true }, time.Hour
	f.way = nil
	f.run(3*time.Second, f.show(mainFlow, v, 10))
	video := f.sent[mainFlow]
	f.delay, f.lose, f.way = back, nil, nil
	f.run(knockEvery+2*back+decideEvery+10*time.Millisecond, f.show(mainFlow, v, 10))
	if f.sent[mainFlow] == video {
		t.Fatal("the picture does not come back within a knock and a round trip")
	}
}

func FuzzFeedback(f *testing.F) {
	f.Add([]byte{1, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDownlink(DownlinkConfig{})
		now := time.Unix(1_000_000, 0)
		d.Open(now, mainFlow, "room", media.LayerMain, FlowOptions{})
		c := newCamera(media.LayerMain)
		for _, p := range c.frame(t, 5, true) {
			d.Push(now, mainFlow, p)
		}
		for range 2 {
			for _, ok := d.Pop(now); ok; _, ok = d.Pop(now) {
			}
			_ = d.Feedback(now, b) // an error is right for nonsense; a panic is not
			now = now.Add(20 * time.Millisecond)
		}
	})
}

func BenchmarkDownlink(b *testing.B) {
	d := NewDownlink(DownlinkConfig{MaxRate: 1e9})
	c := newCamera(media.LayerMain)
	d.Open(c.now, mainFlow, "room", media.LayerMain, FlowOptions{})
	frames := make([][]*media.Packet, 1000)
	for i := range frames {
		frames[i] = c.frame(b, 15, i%50 == 0)
	}
	now, wrapped := c.now, uint32(0)
	var sent int
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			wrapped += 1000 * 3600
		}
		for j, p := range frames[i%1000] {
			q := *p
			q.Timestamp += wrapped
			q.Seq = uint16(i*15 + j)
			q.Arrival = now
			d.Push(now, mainFlow, &q)
		}
		for step := range 8 {
			at := now.Add(time.Duration(step) * 5 * time.Millisecond)
			for _, ok := d.Pop(at); ok; _, ok = d.Pop(at) {
				sent++
			}
		}
		now = now.Add(40 * time.Millisecond)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(sent, 1)), "ns/packet")
}
