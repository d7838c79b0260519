package ingest

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

var errAuth = liberrors.ErrServerAuth{}

// pullFrom returns a pull of the camera, over TCP.
func pullFrom(t *testing.T, cam *camera, sink Sink, change func(*PullConfig)) *Pull {
	t.Helper()
	cfg := PullConfig{
		Feed: "room-101", URL: "rtsp://camera/stream", Transport: TransportTCP,
		DialContext: cam.lan.dial, Output: OutputConfig{Seed: 1},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := NewPull(cfg, sink, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// runFor pulls for a time and returns what Run said.
func runFor(p *Pull, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return p.Run(ctx)
}

func TestPullBringsPictureAndSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		p := pullFrom(t, cam, sink, nil)
		if err := runFor(p, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		frames := sink.frames(media.LayerMain, media.H264)
		if n := len(frames); n < 220 || n > 251 { // the first second may lack its key frame
			t.Fatalf("%d frames in ten seconds", n)
		}
		if n := sink.count(media.LayerAudio); n < 490 || n > 501 {
			t.Fatalf("%d packets of sound in ten seconds", n)
		}
		tracks := p.Tracks()
		if tracks[media.LayerMain].FMTP["sprop-parameter-sets"] == "" || tracks[media.LayerAudio].RTPMap != "PCMA/8000" {
			t.Fatalf("%+v, %+v", tracks[media.LayerMain], tracks[media.LayerAudio])
		}
		s := p.Stats()
		if s[media.LayerMain].Frames != uint64(len(frames)) || s[media.LayerMain].FramesBroken != 0 {
			t.Fatalf("%+v", s)
		}
		for _, pkt := range sink.get(media.LayerMain) {
			if d := pkt.Arrival.Sub(pkt.Capture); d > 20*time.Millisecond {
				t.Fatalf("captured %v before it came", d)
			}
		}
	})
}

func TestPullAsSubStreamBringsNoSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		p := pullFrom(t, cam, sink, func(c *PullConfig) { c.Layer = media.LayerSub })
		if err := runFor(p, 3*time.Second); err != nil {
			t.Fatal(err)
		}
		if sink.count(media.LayerSub) == 0 || sink.count(media.LayerMain)+sink.count(media.LayerAudio) != 0 {
			t.Fatalf("sub %d, main %d, audio %d packets", sink.count(media.LayerSub),
				sink.count(media.LayerMain), sink.count(media.LayerAudio))
		}
	})
}

func TestASilentPictureEndsTheSessionWhileTheSoundGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		p := pullFrom(t, cam, sink, nil)
		time.AfterFunc(5*time.Second, func() { cam.silence(0, true) })
		began := time.Now()
		err := runFor(p, time.Minute)
		took := time.Since(began)
		if !errors.Is(err, ErrSilent) || took < 7900*time.Millisecond || took > 8100*time.Millisecond {
			t.Fatalf("after %v: %v", took, err)
		}
		if n := sink.count(media.LayerAudio); n < 390 {
			t.Fatalf("the sound stopped too: %d packets", n)
		}
	})
}

func TestTheFirstPictureMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.silence(0, true)
		cam.start()
		defer cam.halt()
		p := pullFrom(t, cam, newRecorder(t), nil)
		began := time.Now()
		err := runFor(p, time.Minute)
		if took := time.Since(began); !errors.Is(err, ErrSilent) || took != 10*time.Second {
			t.Fatalf("after %v: %v", took, err)
		}
	})
}

func TestASilentSoundDoesNotEndTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.silence(1, true)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		if err := runFor(pullFrom(t, cam, sink, nil), 20*time.Second); err != nil {
			t.Fatal(err)
		}
		if sink.count(media.LayerMain) == 0 {
			t.Fatal("no picture")
		}
	})
}

func TestASourceOfSoundAloneIsJudgedByIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.desc.Medias = cam.desc.Medias[1:]
		cam.start()
		defer cam.halt()
		p := pullFrom(t, cam, newRecorder(t), nil)
		time.AfterFunc(5*time.Second, func() { cam.silence(0, true) })
		if err := runFor(p, time.Minute); !errors.Is(err, ErrSilent) || !strings.Contains(err.Error(), "no sound") {
			t.Fatal(err)
		}
	})
}

func TestABrokenTrackDoesNotCostTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.desc.Medias = append([]*description.Media{{
			Type:    description.MediaTypeApplication,
			Formats: []format.Format{&format.Generic{PayloadTyp: 107, RTPMa: "vnd.onvif.metadata/90000", ClockRat: 90000}},
		}}, cam.desc.Medias...)
		cam.silence(0, true)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		if err := runFor(pullFrom(t, cam, sink, nil), 3*time.Second); err != nil {
			t.Fatal(err)
		}
		if sink.count(media.LayerMain) == 0 || sink.count(media.LayerAudio) == 0 {
			t.Fatal("no picture or no sound")
		}
	})
}

func TestPasswords(t *testing.T) {
	for _, ca := range []struct {
		name, url string
		want      error
		says      string
	}{
		{"the right one", "rtsp://admin:s3cr3t@camera/stream", nil, ""},
		{"a wrong one", "rtsp://admin:wr0ng!@camera/stream", ErrPassword, "check user name and password"},
		{"none", "rtsp://camera/stream", ErrPassword, "the URL has none"},
		{"the right one for a missing path", "rtsp://admin:s3cr3t@camera/other", ErrNoStream, `"/other"`},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := newCamera(t)
				cam.user, cam.pass = "admin", "s3cr3t"
				cam.start()
				defer cam.halt()
				err := runFor(pullFrom(t, cam, newRecorder(t), func(c *PullConfig) { c.URL = ca.url }), 3*time.Second)
				checkError(t, err, ca.want, ca.says)
			})
		})
	}
}

func checkError(t *testing.T, err, want error, says string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v; want %v", err, want)
	}
	if want == nil {
		return
	}
	text := err.Error()
	for _, secret := range []string{"s3cr3t", "wr0ng", "\n", "\r"} {
		if strings.Contains(text, secret) {
			t.Fatalf("%q holds %q", text, secret)
		}
	}
	if !strings.HasPrefix(text, "pull room-101: ") || !strings.Contains(text, says) {
		t.Fatalf("%q does not say %q", text, says)
	}
}

func TestUnreachableCameras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		err := runFor(pullFrom(t, cam, newRecorder(t), nil), time.Minute)
		checkError(t, err, ErrUnreachable, "camera: connection refused")

		cam.lan.accept = make(chan net.Conn) // a host that never answers
		began := time.Now()
		err = runFor(pullFrom(t, cam, newRecorder(t), nil), time.Minute)
		checkError(t, err, ErrUnreachable, "no answer")
		if took := time.Since(began); took != 2*time.Second {
			t.Fatalf("it took %v", took)
		}
	})
}

func TestARebootedCameraIsPickedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.start()
		sink := newRecorder(t)
		p := pullFrom(t, cam, sink, nil)
		off := make(chan struct{})
		go func() { // ends by itself
			defer close(off)
			time.Sleep(5 * time.Second)
			cam.halt()
		}()
		began := time.Now()
		err := runFor(p, time.Minute)
		<-off
		if took := time.Since(began); !errors.Is(err, ErrClosed) || took > 6*time.Second {
			t.Fatalf("after %v: %v", took, err)
		}
		last := sink.get(media.LayerMain)
		time.Sleep(20 * time.Second)
		cam.start()
		defer cam.halt()
		if err := runFor(p, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		all := sink.get(media.LayerMain) // the recorder checks that the numbers go on
		a, b := last[len(last)-1], all[len(last)]
		passed, really := tsDiff(b.Timestamp, a.Timestamp, 90000), b.Arrival.Sub(a.Arrival)
		if d := passed - really; d > 5*time.Millisecond || d < -5*time.Millisecond || really < 20*time.Second {
			t.Fatalf("our timestamp went on by %v, %v passed", passed, really)
		}
		if len(sink.tracks[media.LayerMain]) != 1 {
			t.Fatal("the same format was announced again")
		}
	})
}

func TestAClockThatJumpsMakesNoLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		p := pullFrom(t, cam, sink, nil)
		time.AfterFunc(5*time.Second, func() {
			cam.mu.Lock()
			cam.jump = 3600 * 90000
			cam.mu.Unlock()
		})
		if err := runFor(p, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats(); s[media.LayerMain].Jumps != 1 || s[media.LayerAudio].Jumps != 0 {
			t.Fatalf("%+v", s)
		}
		var last *media.Packet
		for _, pkt := range sink.get(media.LayerMain) {
			if last != nil {
				if d := media.TimestampDiff(pkt.Timestamp, last.Timestamp); d < 0 || d > 4000 {
					t.Fatalf("a step of %d ticks", d)
				}
			}
			last = pkt
		}
	})
}

func TestAnHourWithADriftingClock(t *testing.T) {
	if testing.Short() {
		t.Skip("90,000 frames")
	}
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.desc.Medias = cam.desc.Medias[:1]
		cam.ppm = 300
		cam.start()
		defer cam.halt()
		sink := &latencySink{}
		if err := runFor(pullFrom(t, cam, sink, nil), time.Hour); err != nil {
			t.Fatal(err)
		}
		early, late := sink.mean(4), sink.mean(59)
		t.Logf("arrival − timestamp: %v in minute 5, %v in minute 60", early, late)
		if d := late - early; d > 1500*time.Microsecond || d < -1500*time.Microsecond {
			t.Fatalf("latency went from %v to %v; the camera's clock alone would have made it %v",
				early, late, 3300*300*time.Microsecond)
		}
	})
}

// latencySink keeps the mean distance from timestamp to arrival, by the minute.
type latencySink struct {
	began time.Time
	sum   [61]time.Duration
	n     [61]int
}

func (*latencySink) SetTrack(media.Layer, *media.Track) {}

func (s *latencySink) WritePacket(p *media.Packet) {
	if s.began.IsZero() {
		s.began = p.Arrival
	}
	now := uint32(p.Arrival.Unix()*90000 + int64(p.Arrival.Nanosecond())*9/1e5)
	i := int(p.Arrival.Sub(s.began) / time.Minute)
	s.sum[i] += tsDiff(now, p.Timestamp, 90000)
	s.n[i]++
}

func (s *latencySink) mean(i int) time.Duration { return s.sum[i] / time.Duration(max(s.n[i], 1)) }

func TestAKeyFrameCanBeAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		cam.start()
		defer cam.halt()
		sink := newRecorder(t)
		p := pullFrom(t, cam, sink, nil)
		p.RequestKeyFrame() // before there is a session: nothing happens
		time.AfterFunc(4*time.Second, func() {
			for range 100 { // every 20 ms for two seconds
				p.RequestKeyFrame()
				time.Sleep(20 * time.Millisecond)
			}
		})
		if err := runFor(p, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		cam.mu.Lock()
		defer cam.mu.Unlock()
		// One or two of them are our own: until the first key frame came.
		if asked := p.Stats()[media.LayerMain].KeyFrameAsked; cam.plis < 4 || cam.plis > 6 || int(asked) != cam.plis {
			t.Fatalf("the camera got %d requests, %d were sent", cam.plis, asked)
		}
	})
}
