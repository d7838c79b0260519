package roq

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
)

// BenchmarkLoopback sends frames of 14 packets over real sockets, both ends in
// this process, at most six frames on the way so that the library's receive
// queue of 128 never overflows. One operation is one packet.
func BenchmarkLoopback(b *testing.B) {
	for _, size := range []int{MaxPacketSize, 1200} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) { loopbackRun(b, size) })
	}
}

func loopbackRun(b *testing.B, size int) {
	b.Helper()
	dialTLS, listenTLS := testTLS(b)
	cfg := TransportConfig{PacketConn: loopback(b), TLS: listenTLS}
	cfg.Controller.Pace = 2e9
	ln, err := Listen(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	cfg.PacketConn, cfg.TLS = loopback(b), dialTLS
	dialled, err := Dial(b.Context(), ln.Addr(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	accepted, err := ln.Accept(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 2)
	var sessions [2]*Session
	for i, c := range []*Conn{dialled, accepted} {
		if sessions[i], err = NewSession(c, SessionConfig{Relay: true, Listener: i == 1}, zap.NewNop()); err != nil {
			b.Fatal(err)
		}
		go func() { ended <- sessions[i].Run(ctx) }() // ended by stop
	}
	ch := make(chan Received, 256)
	if err := sessions[1].Receive(1000, ch); err != nil {
		b.Fatal(err)
	}
	packet := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	const frame, most = 14, 6 * 14
	lost, timeout := 0, time.NewTimer(0)
	for sent, got := 0, 0; got+lost < b.N; {
		for sent-got-lost <= most-frame && sent < b.N {
			for range min(frame, b.N-sent) {
				sessions[0].TrySend(1000, packet, time.Time{})
				sent++
			}
		}
		timeout.Reset(200 * time.Millisecond)
		select {
		case <-ch:
			got++
		case <-timeout.C:
			lost = sent - got
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(lost)/float64(b.N), "lost/op")
	stop()
	<-ended
	<-ended
}
