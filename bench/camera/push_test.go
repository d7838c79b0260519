package camera

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/internal/testnet"
)

// recorder is an RTSP server that takes what is pushed to it and counts packets
// by path and codec.
type recorder struct {
	mu     sync.Mutex
	counts map[string]int
}

func ok() *base.Response { return &base.Response{StatusCode: base.StatusOK} }

func (r *recorder) OnAnnounce(*gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	return ok(), nil
}

func (r *recorder) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return ok(), nil, nil
}

func (r *recorder) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	path := ctx.Path
	ctx.Session.OnPacketRTPAny(func(_ *description.Media, f format.Format, p *rtp.Packet) {
		if p.Marker || f.Codec() == "G711" || f.Codec() == "Opus" { // one per frame
			r.mu.Lock()
			r.counts[path+" "+f.Codec()]++
			r.mu.Unlock()
		}
	})
	return ok(), nil
}

func (r *recorder) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := r.counts
	r.counts = make(map[string]int)
	return counts
}

func TestCameraPushesAndPushesAgainWhenTheRecorderWasAway(t *testing.T) {
	t.Run("with sound in G.711", func(t *testing.T) { pushes(t, false, "G711") })
	t.Run("with sound in Opus", func(t *testing.T) { pushes(t, true, "Opus") })
}

func pushes(t *testing.T, opus bool, sound string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := testnet.New(1)
		defer network.Close()
		r := &recorder{counts: make(map[string]int)}
		serve := func() *gortsplib.Server {
			s := &gortsplib.Server{Handler: r, RTSPAddress: ":554", Listen: network.Host("10.0.0.9").Listen}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			return s
		}
		c, err := New(Config{
			Source:      &Synthetic{},
			Opus:        opus,
			PushMain:    "rtsp://10.0.0.9:554/room/main",
			PushSub:     "rtsp://10.0.0.9:554/room/sub",
			DialContext: network.Host("10.0.0.1").DialContext,
		}, zaptest.NewLogger(t))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }() // ends with ctx, waited for below
		time.Sleep(2500 * time.Millisecond)
		for range 2 { // the recorder comes, goes and comes again
			server := serve()
			time.Sleep(5 * time.Second)
			server.Close()
			got := r.take()
			for name, want := range map[string]int{"/room/main H264": 100, "/room/sub H264": 100, "/room/main " + sound: 200} {
				if got[name] < want*95/100 || got[name] > want*13/10 {
					t.Errorf("%s: %d frames in 5 s, want about %d", name, got[name], want)
				}
			}
			time.Sleep(3 * time.Second)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	for name, cfg := range map[string]Config{
		"nothing to do":           {},
		"odd UDP port":            {Listen: ":554", UDPPort: 8001},
		"password without a user": {Listen: ":554", Password: "secret"},
		"stamps in Opus":          {Listen: ":554", Opus: true, StampSound: true},
		"a clock beyond belief":   {Listen: ":554", DriftPPM: 5000},
	} {
		if _, err := New(cfg, zaptest.NewLogger(t)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
