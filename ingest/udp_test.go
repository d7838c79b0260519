package ingest

import (
	"errors"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/media"
)

// realCamera listens on the loopback, with UDP.
func realCamera(t *testing.T) (cam *camera, url string) {
	t.Helper()
	cam = newCamera(t)
	cam.lan = nil
	port := freeport.Row(2)
	at := freeport.Local(port)
	cam.server = &gortsplib.Server{
		Handler: cam, RTSPAddress: at, UDPRTPAddress: at, UDPRTCPAddress: freeport.Local(port + 1),
	}
	return cam, "rtsp://" + at + "/stream"
}

// pullUntil pulls until the sink has some of the picture, or the time is over.
func pullUntil(t *testing.T, p *Pull, sink *recorder) {
	t.Helper()
	done := make(chan struct{})
	ctx := t.Context()
	go func() { // until the picture is there, or the pull ends
		defer close(done)
		if err := p.Run(ctx); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}()
	for range 200 {
		if sink.count(media.LayerMain) > 20 {
			return
		}
		select {
		case <-done:
			t.Fatal("the pull ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("no picture within ten seconds")
}

func TestRealSocketsOverUDP(t *testing.T) {
	cam, url := realCamera(t)
	cam.start()
	defer cam.halt()
	sink := newRecorder(t)
	p, err := NewPull(PullConfig{Feed: "room-101", URL: url}, sink, nop())
	if err != nil {
		t.Fatal(err)
	}
	pullUntil(t, p, sink)
	if p.tcp.Load() {
		t.Fatal("it went over TCP")
	}
}

func TestUDPThatDoesNotArriveBecomesTCPForGood(t *testing.T) {
	if testing.Short() {
		t.Skip("takes three seconds")
	}
	cam, url := realCamera(t)
	cam.tcpOnly = true // its UDP goes nowhere
	cam.silent[0], cam.silent[1] = true, true
	cam.start()
	defer cam.halt()
	sink := newRecorder(t)
	p, err := NewPull(PullConfig{Feed: "room-101", URL: url}, sink, nop())
	if err != nil {
		t.Fatal(err)
	}
	pullUntil(t, p, sink)
	if !p.tcp.Load() {
		t.Fatal("the next session would try UDP again")
	}
}
