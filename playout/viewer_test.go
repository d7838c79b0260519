package playout

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

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
		r, p, v, stop := watched(t)
		r.film(&clip{t: t, ssrc: 1, offset: 5}, 10)
		before := p.frames()[9][0]
		time.Sleep(10 * time.Second)
		r.film(&clip{t: t, ssrc: 2, offset: 1e9, seq: 40000}, 10)
		stop()
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
