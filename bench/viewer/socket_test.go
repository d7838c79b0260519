package viewer

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/camera"
)

// freePorts finds an even UDP port whose neighbour is free too, and a TCP port.
func freePorts(t *testing.T) (tcp, udp int) {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp = l.Addr().(*net.TCPAddr).Port
		l.Close()
		udp = tcp &^ 1
		a, errA := net.ListenPacket("udp", fmt.Sprintf(":%d", udp))
		b, errB := net.ListenPacket("udp", fmt.Sprintf(":%d", udp+1))
		for _, c := range []net.PacketConn{a, b} {
			if c != nil {
				c.Close()
			}
		}
		if errA == nil && errB == nil {
			return tcp, udp
		}
	}
	t.Fatal("no free ports")
	return 0, 0
}

func TestRealSocketsCarryTCPAndUDP(t *testing.T) {
	tcp, udp := freePorts(t)
	log := zaptest.NewLogger(t)
	c, err := camera.New(camera.Config{
		Listen: fmt.Sprintf("127.0.0.1:%d", tcp), UDPPort: udp, StampSound: true,
		Source: &camera.Synthetic{MainRate: 1_000_000, GOPLength: 10},
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 3)
	go func() { done <- c.Run(ctx) }() // all end with ctx and are waited for below
	url := fmt.Sprintf("rtsp://127.0.0.1:%d/main", tcp)
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
