package roq

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// countingUDP is a real socket that counts what each sendmsg carries.
type countingUDP struct {
	*net.UDPConn
	on             atomic.Bool
	calls, packets atomic.Int64
}

func (c *countingUDP) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	// Short ones are acknowledgements and keep-alives.
	if c.on.Load() && len(b) > PacketSize/2 {
		c.calls.Add(1)
		c.packets.Add(int64((len(b) + PacketSize - 1) / PacketSize))
	}
	return c.UDPConn.WriteMsgUDP(b, oob, addr)
}

func loopback(tb testing.TB) *net.UDPConn {
	tb.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

// perSendmsg sends frames of 14 packets over a real socket and tells how many
// packets left per system call.
func perSendmsg(t *testing.T, packetSize int) float64 {
	t.Helper()
	dialTLS, listenTLS := testTLS(t)
	ln, err := Listen(TransportConfig{PacketConn: loopback(t), TLS: listenTLS})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	counting := &countingUDP{UDPConn: loopback(t)}
	cfg := TransportConfig{PacketConn: counting, TLS: dialTLS}
	cfg.Controller.Pace = 200e6 // the pacer is not what is tested
	dialled, err := Dial(t.Context(), ln.Addr(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !dialled.quic.ConnectionState().GSO {
		t.Skip("this kernel has no segmentation offload for UDP")
	}
	accepted, err := ln.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, dialled, accepted)
	ch := receive(t, p.listener, 1000)
	p.dialler.TrySend(1000, make([]byte, packetSize), time.Time{})
	next(t, ch) // the handshake is confirmed

	const frames, perFrame = 50, 14
	counting.on.Store(true)
	for range frames {
		for range perFrame {
			p.dialler.TrySend(1000, make([]byte, packetSize), time.Time{})
		}
		time.Sleep(2 * time.Millisecond)
	}
	// Half is enough to count by; a busy machine drops some of the rest.
	for range frames * perFrame / 2 {
		if got := next(t, ch); len(got.Packet) != packetSize {
			t.Fatalf("%d bytes arrived, want %d", len(got.Packet), packetSize)
		}
	}
	return float64(counting.packets.Load()) / float64(counting.calls.Load())
}

// TestFullPacketsLeaveInBatches guards the sizes in size.go: one byte less per
// packet, or another connection id length, and each packet costs a system call.
func TestFullPacketsLeaveInBatches(t *testing.T) {
	full := perSendmsg(t, MaxPacketSize)
	less := perSendmsg(t, MaxPacketSize-1)
	t.Logf("packets per sendmsg: %.1f full, %.1f one byte less", full, less)
	if full < 2 {
		t.Errorf("%.1f full packets per sendmsg, want batches", full)
	}
	if less > 1.2 {
		t.Errorf("%.1f packets per sendmsg at one byte less: not what size.go says", less)
	}
}

func TestSocketBuffersAreReported(t *testing.T) {
	_, listenTLS := testTLS(t)
	ln, err := Listen(TransportConfig{PacketConn: loopback(t), TLS: listenTLS})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got := ln.Buffers()
	t.Logf("%+v", got)
	if got.Read <= 0 || got.Write <= 0 {
		t.Errorf("buffers %+v", got)
	}
}
