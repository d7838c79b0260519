package playout

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
)

// room is a feed as relay would show it, with a camera to play.
type room struct {
	*fanout.Feed
	t *testing.T

	mu     sync.Mutex
	asked  []media.Layer
	opened [media.NumLayers]int // subscriptions open now
}

func newRoom(t *testing.T, layers ...media.Layer) *room {
	t.Helper()
	r := &room{Feed: fanout.NewFeed("room-1"), t: t}
	for _, l := range layers {
		if l.IsVideo() {
			r.SetTrack(l, h264)
		} else {
			r.SetTrack(l, opus)
		}
	}
	return r
}

type counted struct {
	*fanout.Subscription
	room *room
}

func (r *room) Subscribe(l media.Layer, wake chan<- struct{}) Subscription {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened[l]++
	return counted{r.Feed.Subscribe(l, wake), r}
}

func (c counted) Close() {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	c.room.opened[c.Layer()]--
	c.Subscription.Close()
}

func (r *room) RequestKeyFrame(l media.Layer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, l)
}

func (r *room) open(l media.Layer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened[l]
}

// film writes frames every 40 ms of virtual time until n are there; each 25th is a
// key frame. Capture is 5 ms before.
func (r *room) film(c *clip, n int) {
	for range n {
		now := time.Now()
		at := float64(now.Sub(epoch))/1e6 - 5
		for _, p := range c.frame(at, 4, c.made%25 == 0, false).packets {
			p.Arrival = now
			r.WritePacket(p)
		}
		c.made++
		time.Sleep(40 * time.Millisecond)
	}
}

// player is a session that notes what it gets. With room set, it takes no more
// than so many packets until drained.
type player struct {
	mu     sync.Mutex
	limit  int
	queued int
	got    []got
	sr     []rtcp.SenderReport
	srAt   []time.Time
}

func (p *player) WritePacketRTP(_ *description.Media, pkt *rtp.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit > 0 && p.queued == p.limit {
		return liberrors.ErrServerWriteQueueFull{}
	}
	p.queued++
	pkt.SSRC = 0xcafe
	p.got = append(p.got, got{time.Now(), *pkt})
	return nil
}

func (p *player) WritePacketRTCP(_ *description.Media, pkt rtcp.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := *pkt.(*rtcp.CompoundPacket)
	if _, err := c.Marshal(); err != nil {
		return err
	}
	p.sr = append(p.sr, *c[0].(*rtcp.SenderReport))
	p.srAt = append(p.srAt, time.Now())
	return nil
}

// frames groups packets by marker.
func (p *player) frames() [][]got {
	p.mu.Lock()
	defer p.mu.Unlock()
	var frames [][]got
	begin := true
	for _, g := range p.got {
		if begin {
			frames = append(frames, nil)
		}
		frames[len(frames)-1] = append(frames[len(frames)-1], g)
		begin = g.out.Marker
	}
	return frames
}

// watch runs a viewer until stop is called, which returns Run's error.
func watch(t *testing.T, cfg Config, src Source, choice Choice, p *player, paced bool) (v *Viewer, stop func() error) {
	t.Helper()
	offer, err := NewOffer(src, choice)
	if err != nil {
		t.Fatal(err)
	}
	v = NewViewer(cfg, offer, zap.NewNop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx, Session{Writer: p, Medias: offer.Desc.Medias, Paced: paced}) }()
	return v, func() error {
		cancel()
		return <-done
	}
}

// bubble runs f in virtual time, with the clips' epoch at its beginning.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epoch))
		f(t)
	})
}

func TestViewerBeginsWithTheCachedGroupAndReportsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain)
		c := &clip{t: t, offset: 12345}
		r.film(c, 20)
		p := &player{}
		_, stop := watch(t, Config{}, r, ChooseAuto, p, false)
		begun := time.Now()
		r.film(c, 100)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		frames := p.frames()
		if len(frames) != 120 {
			t.Fatalf("%d frames came, want 120", len(frames))
		}
		for i, f := range frames[:21] {
			if len(f) != 4 || f[3].at != begun {
				t.Fatalf("cached frame %d: %d packets, %v late", i, len(f), f[0].at.Sub(begun))
			}
		}
		if !p.srAt[0].Equal(begun) || len(p.sr) < 4 {
			t.Fatalf("%d reports, the first after %v", len(p.sr), p.srAt[0].Sub(begun))
		}
		last := p.sr[len(p.sr)-1]
		f := frames[119][0]
		// What the report says about the last frame's capture.
		off := float64(int32(f.out.Timestamp-last.RTPTime)) / 90
		capture := media.FromNTP(last.NTPTime).Add(time.Duration(off * float64(time.Millisecond)))
		if d := capture.Sub(f.at.Add(-5 * time.Millisecond)); d.Abs() > 100*time.Microsecond {
			t.Errorf("reports are %v off the time of capture", d)
		}
		if last.SSRC != 0xcafe || last.PacketCount == 0 || last.OctetCount == 0 {
			t.Errorf("report: %+v", last)
		}
	})
}

func TestViewerStaysWhileTheSourceIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain)
		p := &player{}
		v, stop := watch(t, Config{}, r, ChooseAuto, p, false)
		r.film(&clip{t: t, ssrc: 1, offset: 5}, 10)
		before := p.frames()[9][0]
		time.Sleep(10 * time.Second)
		r.film(&clip{t: t, ssrc: 2, offset: 1e9, seq: 40000}, 10)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		frames := p.frames()
		if len(frames) != 20 {
			t.Fatalf("%d frames came", len(frames))
		}
		after := frames[10][0]
		elapsed := after.at.Sub(before.at)
		if stamped := time.Duration(after.out.Timestamp-before.out.Timestamp) * time.Second / 90000; stamped != elapsed {
			t.Errorf("stamped %v apart, %v passed", stamped, elapsed)
		}
		if after.out.SequenceNumber != before.out.SequenceNumber+4 {
			t.Error("the numbers do not go on")
		}
		if st := v.Stats().Video; st.Restarts != 1 || st.Broken != 0 {
			t.Errorf("counted %+v", st)
		}
	})
}

func TestViewerFallsBackToSubAndReturns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain, media.LayerSub)
		p := &player{}
		v, stop := watch(t, Config{}, r, ChooseAuto, p, false)
		main := &clip{t: t, ssrc: 1}
		sub := &clip{t: t, ssrc: 2, layer: media.LayerSub, offset: 1e8}
		r.film(main, 25)
		if n := r.open(media.LayerSub); n != 0 {
			t.Fatal("sub is read while main comes")
		}
		r.film(sub, 75) // three seconds of sub only
		if n := len(p.frames()); n < 75 || n > 100 {
			t.Errorf("%d frames after main stopped", n)
		}
		if v.Stats().Video.Layer != media.LayerSub {
			t.Error("the viewer does not see sub")
		}
		r.film(main, 75)
		if n := r.open(media.LayerSub); n != 0 {
			t.Error("sub is still read")
		}
		time.Sleep(time.Second)
		if st := v.Stats().Video; st.Layer != media.LayerMain || st.Switches != 2 || st.Broken != 0 {
			t.Errorf("counted %+v", st)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		last := uint32(0)
		for i, f := range p.frames() {
			if i > 0 && int32(f[0].out.Timestamp-last) <= 0 {
				t.Fatalf("frame %d is stamped %d after %d", i, f[0].out.Timestamp, last)
			}
			last = f[0].out.Timestamp
		}
		if r.open(media.LayerMain) != 0 {
			t.Error("a subscription was left open")
		}
	})
}

func TestViewerGivesAFixedLayer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain, media.LayerSub)
		p := &player{}
		_, stop := watch(t, Config{}, r, ChooseSub, p, false)
		r.film(&clip{t: t, layer: media.LayerSub}, 5)
		r.film(&clip{t: t}, 50)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if n := len(p.frames()); n != 5 {
			t.Errorf("%d frames of sub came, want 5", n)
		}
	})
}

func TestViewerTakesWhatTheUplinkSends(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain, media.LayerSub)
		p := &player{}
		v, stop := watch(t, Config{}, r, ChooseNewest, p, false)
		main := &clip{t: t, ssrc: 1}
		sub := &clip{t: t, ssrc: 2, layer: media.LayerSub, offset: 1e8}
		r.film(main, 25)
		if r.open(media.LayerSub) != 1 {
			t.Error("sub is not read from the start")
		}
		// The uplink steps down without a word, and up again.
		stepped := time.Now()
		r.film(sub, 50)
		for _, f := range p.frames()[25:26] {
			if gap := f[0].at.Sub(stepped); gap > 350*time.Millisecond {
				t.Errorf("the picture stood for %v", gap)
			}
		}
		r.film(main, 26)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if st := v.Stats().Video; st.Layer != media.LayerMain || st.Switches != 2 || st.Broken != 0 {
			t.Errorf("counted %+v", st)
		}
	})
}

func TestSlowPlayerLosesWholeFramesUpToAKeyFrame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain)
		p := &player{limit: 10}
		v, stop := watch(t, Config{}, r, ChooseAuto, p, false)
		c := &clip{t: t}
		r.film(c, 50) // the session takes two and a half frames
		p.mu.Lock()
		p.limit = 0
		p.mu.Unlock()
		r.film(c, 25)
		time.Sleep(2 * time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		frames := p.frames()
		for i, f := range frames {
			if len(f) != 4 || f[0].out.Timestamp != f[3].out.Timestamp {
				t.Fatalf("frame %d was cut", i)
			}
		}
		if key := frames[3][0].out.Payload[0]; key != 24 {
			t.Errorf("after the gap comes a packet of type %d, not a key frame", key)
		}
		if st := v.Stats().Video; st.Slow == 0 || st.Broken != 0 || st.Frames != uint64(len(frames)) {
			t.Errorf("counted %+v", st)
		}
		for i := range p.got[1:] {
			if p.got[i+1].out.SequenceNumber != p.got[i].out.SequenceNumber+1 {
				t.Fatal("the numbers have a gap")
			}
		}
	})
}

func TestViewerSpreadsBurstsOverUDP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain)
		c := &clip{t: t}
		for _, p := range c.frame(0, 1000, true, false).packets {
			p.Arrival = time.Now()
			r.WritePacket(p)
		}
		p := &player{}
		_, stop := watch(t, Config{}, r, ChooseAuto, p, true)
		begun := time.Now()
		time.Sleep(time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if len(p.got) != 1000 {
			t.Fatalf("%d packets came", len(p.got))
		}
		for i, g := range p.got {
			if most := 48 + 8*int(g.at.Sub(begun)/time.Millisecond); i >= most {
				t.Fatalf("packet %d after %v", i, g.at.Sub(begun))
			}
		}
		if took := p.got[999].at.Sub(begun); took > 125*time.Millisecond {
			t.Errorf("a burst of 1000 took %v", took)
		}
	})
}

func TestViewerEndsWhenTheEncodingChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain, media.LayerAudio)
		p := &player{}
		offer, err := NewOffer(r, ChooseAuto)
		if err != nil {
			t.Fatal(err)
		}
		v := NewViewer(Config{}, offer, zap.NewNop())
		done := make(chan error, 1)
		go func() { done <- v.Run(t.Context(), Session{Writer: p, Medias: offer.Desc.Medias}) }()
		r.film(&clip{t: t}, 3)
		r.SetTrack(media.LayerMain, &media.Track{Codec: media.H265, ClockRate: 90000})
		time.Sleep(time.Second)
		synctest.Wait()
		if err := <-done; !errors.Is(err, ErrTrackChanged) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestOfferDescribesWhatThereIs(t *testing.T) {
	r := newRoom(t)
	if _, err := NewOffer(r, ChooseAuto); !errors.Is(err, ErrNoTracks) {
		t.Errorf("an offer of nothing: %v", err)
	}
	r.SetTrack(media.LayerSub, h264)
	r.SetTrack(media.LayerAudio, opus)
	o, err := NewOffer(r, ChooseAuto)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Desc.Medias) != 2 || o.Desc.Medias[0].Formats[0].RTPMap() != "H264/90000" ||
		o.Desc.Medias[1].Formats[0].PayloadType() != 97 {
		t.Errorf("offered %+v", o.Desc)
	}
	if len(o.layers) != 2 {
		t.Errorf("main is not taken in when it comes: %v", o.layers)
	}
	r.SetTrack(media.LayerMain, &media.Track{Codec: media.H265, PayloadType: 98, ClockRate: 90000})
	if o, err = NewOffer(r, ChooseAuto); err != nil || len(o.layers) != 1 {
		t.Errorf("sub of another codec is taken in: %v %v", o, err)
	}
}
