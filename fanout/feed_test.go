package fanout

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/internal/mediatest"
	"github.com/classrelay/classrelay/media"
)

// camera makes packets of one layer: frames of a few packets, a key frame now and
// then, 40 ms apart.
type camera struct {
	layer media.Layer
	seq   uint16
	ts    uint32
	now   time.Time
}

func newCamera(l media.Layer) *camera {
	return &camera{layer: l, now: time.Unix(1_000_000, 0)}
}

// frame returns one access unit of n packets.
func (c *camera) frame(tb testing.TB, n int, key bool) []*media.Packet {
	tb.Helper()
	packets := make([]*media.Packet, n)
	for i := range packets {
		payload := make([]byte, 1200)
		payload[0] = 0x41 // a P slice
		if key && i == 0 {
			payload[0] = 0x65 // an IDR slice
		}
		codec := media.H264
		if !c.layer.IsVideo() {
			codec = media.Opus
		}
		packets[i] = mediatest.Packet(tb, c.layer, codec, c.now, c.now, &rtp.Packet{
			Header: rtp.Header{
				Version: 2, PayloadType: 96, SequenceNumber: c.seq, Timestamp: c.ts, SSRC: 7, Marker: i == n-1,
			},
			Payload: payload,
		})
		c.seq++
	}
	c.ts += 3600
	c.now = c.now.Add(40 * time.Millisecond)
	return packets
}

func write(f *Feed, packets []*media.Packet) {
	for _, p := range packets {
		f.WritePacket(p)
	}
}

func TestASubscriberStartsAtTheNewestKeyFrame(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	write(f, c.frame(t, 3, true))
	write(f, c.frame(t, 2, false))
	second := c.frame(t, 4, true)
	write(f, second)
	write(f, c.frame(t, 2, false))

	s := f.Subscribe(media.LayerMain, make(chan struct{}, 1))
	got := s.Read(nil)
	if len(got) != 6 || got[0] != second[0] {
		t.Fatalf("%d packets, the first has sequence number %d", len(got), got[0].Seq)
	}
	if more := s.Read(nil); len(more) != 0 {
		t.Fatalf("%d packets were read twice", len(more))
	}
}

func TestASubscriberWithoutAKeyFrameInTheRingGetsWhatComes(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	write(f, c.frame(t, 2, false))
	s := f.Subscribe(media.LayerMain, make(chan struct{}, 1))
	if got := s.Read(nil); len(got) != 0 {
		t.Fatalf("%d packets that cannot be decoded", len(got))
	}
	write(f, c.frame(t, 2, true))
	if got := s.Read(nil); len(got) != 2 {
		t.Fatalf("%d packets, want the key frame's 2", len(got))
	}
}

func TestAKeyFrameWhoseFirstPacketComesLateIsStillFound(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	key := c.frame(t, 4, true)
	next := c.frame(t, 2, false)
	write(f, key[1:]) // the packet that shows it was lost …
	write(f, next)
	write(f, key[:1]) // … and repaired
	got := f.Subscribe(media.LayerMain, make(chan struct{}, 1)).Read(nil)
	if len(got) != 6 || got[0] != key[1] {
		t.Fatalf("%d packets", len(got))
	}
}

func TestASlowReaderGoesOnAtAKeyFrameAndIsCounted(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	write(f, c.frame(t, 1, true))
	s := f.Subscribe(media.LayerMain, make(chan struct{}, 1))
	s.Read(nil)
	for i := range 400 { // 16 s: far beyond what the ring keeps
		write(f, c.frame(t, 3, i%50 == 0))
	}
	got := s.Read(nil)
	if len(got) == 0 || !got[0].Key {
		t.Fatalf("%d packets, not from a key frame on", len(got))
	}
	if f.Stats(media.LayerMain).Skipped == 0 {
		t.Fatal("what the reader lost is not counted")
	}
}

func TestTheRingForgetsWhatNobodyNeeds(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	for i := range 500 {
		write(f, c.frame(t, 10, i%25 == 0))
	}
	r := f.layers[media.LayerMain].ring
	// One second and the group before it at most: 50 frames of 10 packets.
	if held := r.next - r.first; held > 510 {
		t.Fatalf("%d packets are held", held)
	}
}

func TestAWakeIsNeverLostAndNeverBlocks(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	wake := make(chan struct{}, 1)
	s := f.Subscribe(media.LayerMain, wake)
	<-wake // the subscription itself
	write(f, c.frame(t, 5, true))
	select {
	case <-wake:
	default:
		t.Fatal("no wake for five packets")
	}
	if n := len(s.Read(nil)); n != 5 {
		t.Fatalf("%d packets", n)
	}
	s.Close()
	write(f, c.frame(t, 1, false))
	select {
	case <-wake:
		t.Fatal("a closed subscription was woken")
	default:
	}
}

func TestANewEncodingForgetsTheOldRing(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerMain)
	track := &media.Track{Codec: media.H264, PayloadType: 96, ClockRate: 90000}
	f.SetTrack(media.LayerMain, track)
	write(f, c.frame(t, 3, true))
	same := *track
	f.SetTrack(media.LayerMain, &same)
	if n := len(f.Subscribe(media.LayerMain, make(chan struct{}, 1)).Read(nil)); n != 3 {
		t.Fatalf("the same encoding again cost the ring: %d packets", n)
	}
	f.SetTrack(media.LayerMain, &media.Track{Codec: media.H265, PayloadType: 96, ClockRate: 90000})
	if n := len(f.Subscribe(media.LayerMain, make(chan struct{}, 1)).Read(nil)); n != 0 {
		t.Fatalf("%d packets of the old encoding", n)
	}
}

func TestAudioStartsAtTheNextPacket(t *testing.T) {
	f, c := NewFeed("room"), newCamera(media.LayerAudio)
	for range 10 {
		write(f, c.frame(t, 1, false))
	}
	s := f.Subscribe(media.LayerAudio, make(chan struct{}, 1))
	if n := len(s.Read(nil)); n != 0 {
		t.Fatalf("%d packets of old sound", n)
	}
	write(f, c.frame(t, 1, false))
	if n := len(s.Read(nil)); n != 1 {
		t.Fatalf("%d packets of the sound that came", n)
	}
}

func BenchmarkWritePacket(b *testing.B) {
	for _, subs := range []int{1, 50} {
		b.Run(map[int]string{1: "one subscriber", 50: "fifty subscribers"}[subs], func(b *testing.B) {
			f, c := NewFeed("room"), newCamera(media.LayerMain)
			for range subs {
				f.Subscribe(media.LayerMain, make(chan struct{}, 1))
			}
			frames := make([][]*media.Packet, 50)
			for i := range frames {
				frames[i] = c.frame(b, 15, i == 0)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f.WritePacket(frames[i/15%50][i%15])
			}
		})
	}
}
