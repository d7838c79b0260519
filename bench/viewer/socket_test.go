package viewer

import (
	"context"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/internal/freeport"
)

func TestRealSocketsCarryTCPAndUDP(t *testing.T) {
	port := freeport.Row(2)
	log := zaptest.NewLogger(t)
	c, err := camera.New(camera.Config{
		Listen: freeport.Local(port), UDPPort: port, StampSound: true,
		Source: &camera.Synthetic{MainRate: 1_000_000, GOPLength: 10},
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 3)
	go func() { done <- c.Run(ctx) }() // all end with ctx and are waited for below
	url := "rtsp://" + freeport.Local(port) + "/main"
	var viewers []*Viewer
	for _, overUDP := range []bool{false, true} {
		v, err := New(Config{URL: url, UDP: overUDP, Retry: 50 * time.Millisecond}, log)
		if err != nil {
			t.Fatal(err)
		}
		viewers = append(viewers, v)
		go func() { done <- v.Run(ctx) }()
	}
	enough := func() bool {
		for _, v := range viewers {
			if r := v.Report(0); r.FramesGood < 25 || r.AudioGood < 25 {
				return false
			}
		}
		return true
	}
	for deadline := time.Now().Add(30 * time.Second); !enough(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("TCP %+v, UDP %+v", viewers[0].Report(0), viewers[1].Report(0))
		}
	}
	cancel()
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
