package netem

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
)

// start runs a relay in front of an echo and returns it; both end with the test.
func start(tb testing.TB, cfg Config) *Relay {
	tb.Helper()
	echo, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	_ = echo.SetReadBuffer(socketBuffer)
	tb.Cleanup(func() { echo.Close() })
	go func() { // ends when echo is closed
		buf := make([]byte, 2000)
		for {
			n, from, err := echo.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	cfg.Listen, cfg.Target = "127.0.0.1:0", echo.LocalAddr().String()
	r, err := New(cfg, zaptest.NewLogger(tb))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }() // ends with ctx; the cleanup waits
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	return r
}

func dial(tb testing.TB, r *Relay) *net.UDPConn {
	tb.Helper()
	c, err := net.DialUDP("udp", nil, r.Addr().(*net.UDPAddr))
	if err != nil {
		tb.Fatal(err)
	}
	_ = c.SetReadBuffer(socketBuffer)
	tb.Cleanup(func() { c.Close() })
	return c
}

func TestRelayCarriesEachClientsDatagramsThereAndBack(t *testing.T) {
	r := start(t, Config{Up: Profile{Delay: 20 * time.Millisecond}, Down: Profile{Delay: 10 * time.Millisecond}})
	a, b := dial(t, r), dial(t, r)
	for _, c := range []struct {
		conn *net.UDPConn
		text string
	}{{a, "from a"}, {b, "from b"}, {a, "from a again"}} {
		sent := time.Now()
		if _, err := c.conn.Write([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := c.conn.Read(buf)
		if err != nil || string(buf[:n]) != c.text {
			t.Fatalf("sent %q, got %q, %v", c.text, buf[:n], err)
		}
		// Never earlier; how much later is the machine's business.
		if d := time.Since(sent); d < 30*time.Millisecond {
			t.Errorf("there and back in %v over a round trip of 30 ms", d)
		}
	}
	s := r.Stats()
	if s.Clients != 2 || s.Up.Delivered != 3 || s.Down.Delivered != 3 || s.Overrun != 0 {
		t.Errorf("%d clients, %d up, %d down, %d overrun", s.Clients, s.Up.Delivered, s.Down.Delivered, s.Overrun)
	}
}

func TestRelayLosesWhileTheLinkIsDown(t *testing.T) {
	r := start(t, Config{})
	c := dial(t, r)
	r.SetDown(true)
	for range 5 {
		if _, err := c.Write([]byte("lost")); err != nil {
			t.Fatal(err)
		}
	}
	for r.Stats().Up.LostOutage < 5 {
		time.Sleep(time.Millisecond)
	}
	r.SetDown(false)
	if _, err := c.Write([]byte("through")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := c.Read(buf)
	if err != nil || string(buf[:n]) != "through" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
}

// BenchmarkRelayAt100Mbit sends 100 Mbit/s one way through a rural link, in
// frames of ten datagrams, and reports how late the relay let them out.
func BenchmarkRelayAt100Mbit(b *testing.B) {
	const size, burst = 1222, 10 // 1,250 bytes with headers: 10,000 a second
	rural, err := Named("rural")
	if err != nil {
		b.Fatal(err)
	}
	rural.Rate = 200_000_000 // so that the queue stays out of the picture
	r := start(b, Config{Up: rural, Seed: 1})
	c := dial(b, r)
	payload := make([]byte, size)
	b.SetBytes(size)
	begin := time.Now()
	for i := 0; b.Loop(); i++ {
		if i%burst == 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * 100 * time.Microsecond)))
		}
		if _, err := c.Write(payload); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	s := r.Stats()
	b.ReportMetric(float64(s.Up.Lateness.Quantile(0.5).Microseconds()), "late-p50-µs")
	b.ReportMetric(float64(s.Up.Lateness.Quantile(0.99).Microseconds()), "late-p99-µs")
	b.ReportMetric(float64(s.Up.Lateness.Max().Microseconds()), "late-max-µs")
	b.ReportMetric(float64(s.Overrun), "overrun")
	b.ReportMetric(float64(s.Up.OfferedBytes)*8/time.Since(begin).Seconds()/1e6, "Mbit/s")
}

func TestArrivalIsTheKernelsNotTheReaders(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux is asked when a datagram came")
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.DialUDP("udp", nil, socket.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var ps ports
	defer ps.close()
	var got time.Time
	var overrun atomic.Uint64
	p, err := portOf(socket, func(_ []byte, at time.Time, _ netip.AddrPort) { got = at }, &overrun)
	if err != nil {
		t.Fatal(err)
	}
	ps.add(p)
	// The kernel begins to stamp a moment after it was asked to: what comes before that
	// has the time of reading.
	const tick = 5 * time.Millisecond // the wall clock may be steered between the readings
	for try := 1; ; try++ {
		before := time.Now()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		after := time.Now()
		time.Sleep(20 * time.Millisecond) // a pump that is late
		ps.wait(time.Second)
		if !got.Before(before.Add(-tick)) && !got.After(after.Add(tick)) {
			return
		}
		if try == 10 {
			t.Fatalf("sent between 0 and %v, arrived at %v", after.Sub(before), got.Sub(before))
		}
	}
}

func TestWhatTheKernelDropsIsCountedAsOverrun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux is asked what it dropped")
	}
	r, err := New(Config{Listen: "127.0.0.1:0", Target: "127.0.0.1:9"}, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, r)
	for range 2 * socketBuffer / 1400 { // more than the socket holds, while nobody reads
		_, _ = c.Write(make([]byte, 1400))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }() // ends with ctx
	for r.Stats().Overrun == 0 {
		_, _ = c.Write([]byte("what tells of it")) // the kernel tells with the next one it takes
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
}
