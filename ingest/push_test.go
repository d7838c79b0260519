package ingest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// door is the RTSP server of a node, as far as pushes go.
type door struct {
	t      *testing.T
	lan    *lan
	sink   Sink
	server *gortsplib.Server

	mu     sync.Mutex
	pushes []*Push
	failed error // of NewPush or Attach
}

func (d *door) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cfg := PushConfig{Feed: "room-101", Output: OutputConfig{Seed: 1}}
	if n := len(d.pushes); n > 0 {
		cfg.Previous = d.pushes[n-1]
	}
	p, err := NewPush(cfg, ctx.Description, d.sink, zap.NewNop())
	if err != nil {
		d.failed = err
		return &base.Response{StatusCode: base.StatusBadRequest}, err
	}
	d.pushes = append(d.pushes, p)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (d *door) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil, nil
}

func (d *door) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	if err := d.last().Attach(ctx.Session); err != nil {
		d.failed = err
		return &base.Response{StatusCode: base.StatusBadRequest}, err
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnPacketsLost keeps gortsplib from writing to the standard logger.
func (*door) OnPacketsLost(*gortsplib.ServerHandlerOnPacketsLostCtx) {}

func (d *door) last() *Push {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pushes[len(d.pushes)-1]
}

func newDoor(t *testing.T, sink Sink) *door {
	t.Helper()
	d := &door{t: t, lan: &lan{}, sink: sink}
	d.server = &gortsplib.Server{Handler: d, RTSPAddress: ":554", Listen: d.lan.listen}
	if err := d.server.Start(); err != nil {
		t.Fatal(err)
	}
	return d
}

// room records to the door. Its tracks send like a camera's.
type room struct {
	client *gortsplib.Client
	desc   *description.Session
	plis   chan struct{}
	played atomic.Int64
	stop   chan struct{}
	wg     sync.WaitGroup
}

func newRoom(t *testing.T, d *door) *room {
	t.Helper()
	tcp := gortsplib.TransportTCP
	r := &room{
		desc: newCamera(t).desc, stop: make(chan struct{}), plis: make(chan struct{}, 100),
		client: &gortsplib.Client{Transport: &tcp, DialContext: d.lan.dial},
	}
	if err := r.client.StartRecording("rtsp://node/room-101", r.desc); err != nil {
		t.Fatal(err)
	}
	r.client.OnPacketRTCPAny(func(_ *description.Media, p rtcp.Packet) {
		if _, ok := p.(*rtcp.PictureLossIndication); ok {
			r.plis <- struct{}{}
		}
	})
	return r
}

// play sends the given track for a time.
func (r *room) play(t *testing.T, track int, period time.Duration, n int) {
	t.Helper()
	cam := &camera{t: t, desc: r.desc}
	m := r.desc.Medias[track]
	rng := newRand(uint64(r.played.Add(1))) // another start for every run
	seq, ts := uint16(rng.Uint32()), rng.Uint32()
	for i := range n {
		for _, p := range cam.packets(rng, m.Formats[0], i) {
			p.SequenceNumber, p.Timestamp, p.PayloadType = seq, ts, m.Formats[0].PayloadType()
			seq++
			if err := r.client.WritePacketRTP(m, p); err != nil {
				t.Error(err)
				return
			}
		}
		ts += uint32(period * time.Duration(m.Formats[0].ClockRate()) / time.Second)
		time.Sleep(period)
	}
}

func TestARoomPushesPictureAndSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRecorder(t)
		d := newDoor(t, sink)
		defer d.server.Close()
		r := newRoom(t, d)
		defer r.client.Close()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.last().Run(ctx) }() // until cancel, below
		r.wg.Go(func() { r.play(t, 0, 40*time.Millisecond, 250) })
		r.wg.Go(func() { r.play(t, 1, 20*time.Millisecond, 500) })
		r.wg.Wait()
		if n := len(sink.frames(media.LayerMain, media.H264)); n != 250 {
			t.Fatalf("%d frames, want 250", n)
		}
		if n := sink.count(media.LayerAudio); n != 500 {
			t.Fatalf("%d packets of sound, want 500", n)
		}
		if tr := d.last().Tracks(); tr[media.LayerMain] == nil || tr[media.LayerAudio] == nil {
			t.Fatalf("%v", tr)
		}
		d.last().RequestKeyFrame()
		d.last().RequestKeyFrame()
		synctest.Wait()
		if n := len(r.plis); n != 1 {
			t.Fatalf("the room got %d requests for a key frame, want 1", n)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}

func TestARoomThatFallsSilentIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, newRecorder(t))
		defer d.server.Close()
		r := newRoom(t, d)
		defer r.client.Close()
		began := time.Now()
		r.wg.Go(func() { r.play(t, 0, 40*time.Millisecond, 50) })  // two seconds
		r.wg.Go(func() { r.play(t, 1, 20*time.Millisecond, 500) }) // ten
		err := d.last().Run(context.Background())
		took := time.Since(began)
		if !errors.Is(err, ErrSilent) || took < 4900*time.Millisecond || took > 5100*time.Millisecond {
			t.Fatalf("after %v: %v", took, err)
		}
		r.wg.Wait()
	})
}

func TestThePushThatFollowsGoesOnWithTheNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRecorder(t) // it checks sequence numbers and SSRCs
		d := newDoor(t, sink)
		defer d.server.Close()
		first := newRoom(t, d)
		defer first.client.Close()
		first.play(t, 0, 40*time.Millisecond, 25)
		before := d.last()
		time.Sleep(3 * time.Second)
		// Somebody announces and never records: nothing changes.
		if _, err := d.OnAnnounce(&gortsplib.ServerHandlerOnAnnounceCtx{Description: newCamera(t).desc}); err != nil {
			t.Fatal(err)
		}
		first.play(t, 0, 40*time.Millisecond, 25)
		second := newRoom(t, d) // takes over while the first is still there
		defer second.client.Close()
		n := sink.count(media.LayerMain)
		first.play(t, 0, 40*time.Millisecond, 25)
		if sink.count(media.LayerMain) != n {
			t.Fatal("the session that was taken over still writes")
		}
		before.Close() // late, as its session ends: nothing changes
		second.play(t, 0, 40*time.Millisecond, 25)
		if got := len(sink.frames(media.LayerMain, media.H264)); got != 75 {
			t.Fatalf("%d frames, want 75", got)
		}
		if len(sink.tracks[media.LayerMain]) != 1 {
			t.Fatal("the same format was announced again")
		}
		if err := before.Run(context.Background()); err != nil {
			t.Fatalf("the watchdog of a closed session: %v", err)
		}
	})
}

func TestAPushOfNothingUsableIsRefused(t *testing.T) {
	desc := &description.Session{Medias: []*description.Media{
		{Type: description.MediaTypeVideo, Formats: []format.Format{&format.MJPEG{}}},
	}}
	_, err := NewPush(PushConfig{Feed: "room-101"}, desc, discard{}, zap.NewNop())
	if !errors.Is(err, ErrNoTrack) {
		t.Fatal(err)
	}
	for _, cfg := range []PushConfig{{}, {Feed: "a", Layer: media.LayerAudio}, {Feed: "a", Output: OutputConfig{MaxPacketSize: 1}}} {
		if _, err := NewPush(cfg, newCamera(t).desc, discard{}, zap.NewNop()); err == nil {
			t.Fatalf("%+v was taken", cfg)
		}
	}
}
