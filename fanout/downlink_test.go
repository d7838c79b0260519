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
	otherFlow = 66
)

// drain pops everything that may leave at now.
func drain(d *Downlink, now time.Time) (out []Out) {
	for {
		o, ok := d.Pop(now)
		if !ok {
			return out
		}
		if o.Packet != nil {
			out = append(out, o)
		}
	}
}

// live opens a flow and brings it out of catch-up with one key frame.
func live(t *testing.T, d *Downlink, c *camera, id uint64) {
	t.Helper()
	d.Open(c.now, id, c.layer)
	d.Push(c.now, id, c.frame(t, 1, true)[0])
	if n := len(drain(d, c.now)); n != 1 {
		t.Fatalf("%d packets of the first frame left", n)
	}
	d.Pop(c.now) // settles: nothing is left to catch up with
}

func pushAll(d *Downlink, now time.Time, id uint64, packets []*media.Packet) {
	for _, p := range packets {
		d.Push(now, id, p)
	}
}

func TestAudioLeavesBeforeVideoThatWasThereFirst(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	v, a := newCamera(media.LayerMain), newCamera(media.LayerAudio)
	live(t, d, v, mainFlow)
	d.Open(v.now, audioFlow, media.LayerAudio)
	pushAll(d, v.now, mainFlow, v.frame(t, 3, false))
	d.Push(v.now, audioFlow, a.frame(t, 1, false)[0])
	got := drain(d, v.now)
	if len(got) != 4 || got[0].Flow != audioFlow {
		t.Fatalf("%d packets, flow %d first", len(got), got[0].Flow)
	}
}

func TestASenderReportGoesInFrontAndEveryHalfSecond(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	c := newCamera(media.LayerMain)
	d.Open(c.now, mainFlow, media.LayerMain)
	var reports []rtcp.SenderReport
	for i := range 27 { // 1.04 s
		at := c.now
		pushAll(d, at, mainFlow, c.frame(t, 1, i == 0))
		for {
			o, ok := d.Pop(at)
			if !ok {
				break
			}
			if o.Packet == nil {
				var sr rtcp.SenderReport
				if err := sr.Unmarshal(o.Data); err != nil {
					t.Fatal(err)
				}
				if got := media.FromNTP(sr.NTPTime).Sub(at).Abs(); got > time.Microsecond {
					t.Fatalf("the report's NTP time is %v off the capture time", got)
				}
				reports = append(reports, sr)
			} else if len(reports) == 0 {
				t.Fatal("a packet left before the first report")
			}
		}
	}
	if len(reports) != 3 {
		t.Fatalf("%d reports in a second, want 3", len(reports))
	}
	if reports[2].PacketCount != 26 {
		t.Fatalf("packet count %d", reports[2].PacketCount)
	}
}

func TestTooOldFramesGoWholeUpToTheNextKeyFrame(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	c := newCamera(media.LayerMain)
	live(t, d, c, mainFlow)
	d.pace.tokens = -1e6 // the link is shut for a while
	var key []*media.Packet
	for i := range 5 {
		fr := c.frame(t, 3, i == 3)
		if i == 3 {
			key = fr
		}
		pushAll(d, fr[0].Arrival, mainFlow, fr)
	}
	now := key[0].Arrival.Add(60 * time.Millisecond) // the oldest is 180 ms old
	d.Pop(now)
	d.pace.tokens = 1e6
	got := drain(d, now)
	if len(got) != 6 || got[0].Packet != key[0] {
		t.Fatalf("%d packets, first sequence number %d, want the key frame's %d", len(got), got[0].Packet.Seq, key[0].Seq)
	}
	if st := d.Stats(now); st.Dropped.Frames != 3 || st.Dropped.Packets != 9 {
		t.Fatalf("%+v", st.Dropped)
	}
}

func TestWithoutAKeyFrameInTheQueueAllGoesAndOneIsAskedFor(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	c := newCamera(media.LayerMain)
	live(t, d, c, mainFlow)
	d.pace.tokens = -1e6
	pushAll(d, c.now, mainFlow, c.frame(t, 3, false))
	late := c.now.Add(100 * time.Millisecond)
	d.Pop(late)
	if ids := d.KeyFrames(); len(ids) != 1 || ids[0] != mainFlow {
		t.Fatalf("asked for %v", ids)
	}
	if ids := d.KeyFrames(); len(ids) != 0 {
		t.Fatalf("asked again for %v", ids)
	}
	d.pace.tokens = 1e6
	pushAll(d, late, mainFlow, c.frame(t, 3, false))
	if n := len(drain(d, late)); n != 0 {
		t.Fatalf("%d packets left that cannot be decoded", n)
	}
	pushAll(d, late, mainFlow, c.frame(t, 2, true))
	if n := len(drain(d, late)); n != 2 {
		t.Fatalf("%d packets of the key frame left", n)
	}
}

func TestLatePacketsOfADroppedFrameAreDroppedToo(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	c := newCamera(media.LayerMain)
	live(t, d, c, mainFlow)
	d.pace.tokens = -1e6
	old := c.frame(t, 3, false)
	pushAll(d, old[0].Arrival, mainFlow, old[:2])
	key := c.frame(t, 1, true)
	now := old[0].Arrival.Add(100 * time.Millisecond)
	pushAll(d, now, mainFlow, key)
	d.Pop(now)
	d.Push(now, mainFlow, old[2])
	d.pace.tokens = 1e6
	got := drain(d, now)
	if len(got) != 1 || got[0].Packet != key[0] {
		t.Fatalf("%d packets left", len(got))
	}
}

func TestTheCachedGroupIsNotTooOldForANewSubscriber(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	c := newCamera(media.LayerMain)
	var group []*media.Packet
	for i := range 40 {
		group = append(group, c.frame(t, 10, i == 0)...)
	}
	now := c.now
	d.Open(now, mainFlow, media.LayerMain)
	pushAll(d, now, mainFlow, group)
	var sent int
	for end := now.Add(time.Second); now.Before(end); now = now.Add(time.Millisecond) {
		sent += len(drain(d, now))
	}
	if sent != 400 || d.Stats(now).Dropped.Frames != 0 {
		t.Fatalf("%d of 400 packets left, %+v dropped", sent, d.Stats(now).Dropped)
	}
}

func TestALiveFlowGoesBeforeOneThatIsCatchingUp(t *testing.T) {
	d := NewDownlink(DownlinkConfig{})
	c, o := newCamera(media.LayerMain), newCamera(media.LayerMain)
	live(t, d, c, mainFlow)
	d.Open(c.now, otherFlow, media.LayerMain)
	pushAll(d, c.now, otherFlow, o.frame(t, 30, true))
	pushAll(d, c.now, mainFlow, c.frame(t, 3, false))
	got := drain(d, c.now)
	for i := range 3 {
		if got[i].Flow != mainFlow {
			t.Fatalf("packet %d is of flow %d", i, got[i].Flow)
		}
	}
}

func TestPaceSpreadsAKeyFrame(t *testing.T) {
	d := NewDownlink(DownlinkConfig{MaxRate: 20_000_000}) // 16 Mbit/s at the most
	c := newCamera(media.LayerMain)
	live(t, d, c, mainFlow)
	now := c.now
	pushAll(d, now, mainFlow, c.frame(t, 100, true)) // 1 Mbit
	var sent int
	start := now
	for sent < 100 {
		sent += len(drain(d, now))
		if sent == 100 {
			break
		}
		next := d.Next()
		if !next.After(now) {
			t.Fatalf("Next is %v, not after now", next)
		}
		now = next
	}
	// 121 kB at 16 Mbit/s are 61 ms.
	if took := now.Sub(start); took < 50*time.Millisecond || took > 70*time.Millisecond {
		t.Fatalf("the key frame took %v", took)
	}
}

func BenchmarkDownlink(b *testing.B) {
	d := NewDownlink(DownlinkConfig{MaxRate: 1e9})
	c := newCamera(media.LayerMain)
	d.Open(c.now, mainFlow, media.LayerMain)
	d.Push(c.now, mainFlow, c.frame(b, 1, true)[0])
	drain(d, c.now)
	frames := make([][]*media.Packet, 1000)
	for i := range frames {
		frames[i] = c.frame(b, 15, i%50 == 0)
	}
	now := c.now
	var ts uint32
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fr := frames[i%1000]
		if i%1000 == 0 {
			ts += 1000 * 3600
		}
		for _, p := range fr {
			q := *p
			q.Timestamp += ts
			d.Push(now, mainFlow, &q)
		}
		now = now.Add(40 * time.Millisecond)
		for {
			if _, ok := d.Pop(now); !ok {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/15, "ns/packet")
}
