package viewer

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
)

// room is a camera and a viewer on one network, in virtual time.
type room struct {
	camera *camera.Camera
	viewer *Viewer
}

// watch runs a camera and a viewer in a bubble, lets act have its way, and
// returns what the viewer saw.
func watch(t *testing.T, cam camera.Config, view Config, act func(r room)) Report {
	t.Helper()
	var report Report
	synctest.Test(t, func(t *testing.T) {
		network := testnet.New(1)
		defer network.Close()
		host := network.Host("10.0.0.1")
		cam.Listen, cam.ListenTCP = ":554", host.Listen
		view.DialContext = network.Host("10.0.0.2").DialContext
		log := zaptest.NewLogger(t)
		c, err := camera.New(cam, log)
		if err != nil {
			t.Fatal(err)
		}
		v, err := New(view, log)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 2)
		go func() { done <- c.Run(ctx) }() // both end with ctx and are waited for below
		time.Sleep(time.Second)
		go func() { done <- v.Run(ctx) }()
		act(room{c, v})
		report = v.Report(c.Stats().LastFrame)
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	return report
}

func TestEveryFrameOfADirectCameraIsGoodAtOnce(t *testing.T) {
	sources := map[string]camera.Source{
		"the clip":        nil,
		"synthetic H.264": &camera.Synthetic{Noise: 0.2},
		"synthetic H.265": &camera.Synthetic{Encoding: media.H265, MainRate: 8_000_000},
	}
	for name, src := range sources {
		for _, path := range []string{"main", "sub"} {
			t.Run(name+", "+path, func(t *testing.T) {
				r := watch(t, camera.Config{Source: src, StampSound: true},
					Config{URL: "rtsp://10.0.0.1:554/" + path}, func(room) { time.Sleep(20 * time.Second) })
				if r.FramesGood != r.FramesExpected || r.GoodIn300msRatio != 1 || r.FramesExpected < 440 {
					t.Errorf("%d of %d frames good", r.FramesGood, r.FramesExpected)
				}
				if r.Latency.Max > 1 || r.Stalls != 0 || r.Broken != 0 || r.Undecodable != 0 {
					t.Errorf("%+v", r)
				}
				if r.FirstFrameMs > 85 { // one or two pictures later
					t.Errorf("first frame after %v ms from a camera that begins with a key picture", r.FirstFrameMs)
				}
				if path == "main" && (r.AudioGood != r.AudioExpected || r.AudioGood < 900 || r.AudioGapMaxMs > 21) {
					t.Errorf("sound: %d of %d, longest gap %v ms", r.AudioGood, r.AudioExpected, r.AudioGapMaxMs)
				}
			})
		}
	}
}

func TestViewerSeesWhatTheCameraDoes(t *testing.T) {
	base := Config{URL: "rtsp://10.0.0.1:554/main", Retry: 500 * time.Millisecond}
	second := time.Second
	cases := map[string]struct {
		camera camera.Config
		act    func(r room)
		check  func(t *testing.T, r Report)
	}{
		"a camera that hangs for a second is a stall, and nothing is missing": {
			act: func(r room) {
				time.Sleep(4 * second)
				r.camera.Pause(true)
				time.Sleep(second)
				r.camera.Pause(false)
				time.Sleep(4 * second)
			},
			check: func(t *testing.T, r Report) {
				t.Helper()
				if r.FramesGood != r.FramesExpected || r.Stalls != 1 || r.LongestStallMs < 960 || r.LongestStallMs > 1040 {
					t.Errorf("%+v", r)
				}
			},
		},
		"a client that is thrown out comes back and misses frames": {
			act: func(r room) {
				time.Sleep(4 * second)
				r.camera.DropClients()
				time.Sleep(6 * second)
			},
			check: func(t *testing.T, r Report) {
				t.Helper()
				if r.FramesGood == r.FramesExpected || r.Stalls != 1 || r.LongestStallMs > 2600 || r.Broken != 0 {
					t.Errorf("%+v", r)
				}
			},
		},
		"a camera that reboots goes on with the next number": {
			act: func(r room) {
				time.Sleep(4 * second)
				r.camera.Reboot(3 * second)
				time.Sleep(10 * second)
			},
			check: func(t *testing.T, r Report) {
				t.Helper()
				// The viewer tries every half second, and then there is a key frame.
				if r.FramesExpected-r.FramesGood > 15 || r.Stalls != 1 || r.LongestStallMs < 2960 || r.Broken != 0 {
					t.Errorf("%+v", r)
				}
			},
		},
		"a fast clock sends more frames, none of them late": {
			camera: camera.Config{DriftPPM: 900},
			act: func(r room) {
				time.Sleep(60 * second)
				r.camera.JumpClock(-time.Hour) // shows in RTCP, not in the stamps
				time.Sleep(60 * second)
			},
			check: func(t *testing.T, r Report) {
				t.Helper()
				if r.FramesGood != r.FramesExpected || r.Latency.Max > 1 || r.Stalls != 0 {
					t.Errorf("%+v", r)
				}
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.camera.Source == nil {
				c.camera.Source = &camera.Synthetic{MainRate: 1_000_000}
			}
			c.check(t, watch(t, c.camera, base, c.act))
		})
	}
}

func TestCameraAsksForItsLogin(t *testing.T) {
	cam := camera.Config{User: "admin", Password: "secret", Source: &camera.Synthetic{}}
	for name, c := range map[string]struct {
		url  string
		seen bool
	}{
		"right":   {"rtsp://admin:secret@10.0.0.1:554/main", true},
		"wrong":   {"rtsp://admin:guess@10.0.0.1:554/main", false},
		"missing": {"rtsp://10.0.0.1:554/sub", false},
	} {
		r := watch(t, cam, Config{URL: c.url, Retry: time.Second}, func(room) { time.Sleep(5 * time.Second) })
		if seen := r.FramesGood > 0; seen != c.seen {
			t.Errorf("%s login: %d frames seen", name, r.FramesGood)
		}
	}
}
