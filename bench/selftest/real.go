package selftest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/internal/pause"
)

const (
	// flood is what the emulator has to carry in time.
	flood = 100_000_000 // bit/s
	// floodSize is a datagram without its headers: 10,000 a second.
	floodSize = packetSize - netem.WireOverhead
	// gasp is how many datagrams leave at a time, every millisecond: about as a
	// camera's frames do.
	gasp = 10
	// lateLimit is what the emulator may add at p99.
	lateLimit = time.Millisecond
	oneWay    = 10 * time.Millisecond
)

// floodLine has twice the rate of the flood, so that its queue stays out of the
// picture.
func floodLine() netem.Profile { return netem.Profile{Rate: 2 * flood, Delay: oneWay} }

// Real floods relay and router for a time each. What cannot be run here is in the
// rows, with the reason. When ctx ends it returns the rows so far.
func Real(ctx context.Context, d time.Duration, log *zap.Logger) ([]Row, error) {
	rows, err := relay(ctx, d, log)
	if err != nil || ctx.Err() != nil {
		return rows, err
	}
	more, err := truth(ctx, d, log)
	rows = append(rows, more...)
	if err != nil || ctx.Err() != nil {
		return rows, err
	}
	more, err = router(ctx, d, log)
	return append(rows, more...), err
}

// lateness makes the rows of what one direction did.
func lateness(part string, s *netem.LinkStats, overrun uint64, d time.Duration) []Row {
	return []Row{
		shown(part, "UDP: carried", "Mbit/s", float64(s.DeliveredBytes)*8/d.Seconds()/1e6),
		shown(part, "UDP: late, p50", "ms", millis(s.Lateness.Quantile(0.5))),
		atMost(part, "UDP: late, p99", "ms", millis(s.Lateness.Quantile(0.99)), millis(lateLimit)),
		shown(part, "UDP: late, longest", "ms", millis(s.Lateness.Max())),
		atMost(part, "UDP: lost by the emulator", "packets", float64(overrun), 0),
	}
}

// running runs something until the returned stop, which tells its error.
func running(ctx context.Context, run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- run(ctx) }() // ends by stop, which waits for it
	return sync.OnceValue(func() error { cancel(); return <-done })
}

func relay(ctx context.Context, d time.Duration, log *zap.Logger) ([]Row, error) {
	sink, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return nil, err
	}
	defer func() { _ = sink.Close() }()
	r, err := netem.New(netem.Config{
		Listen: "127.0.0.1:0", Target: sink.LocalAddr().String(), Up: floodLine(), Down: floodLine(),
	}, log)
	if err != nil {
		return nil, err
	}
	stop := running(ctx, r.Run)
	c, err := net.Dial("udp", r.Addr().String()) //nolint:noctx // UDP: at once
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	took := pour(ctx, c, d)
	_ = c.Close()
	if err := stop(); err != nil {
		return nil, err
	}
	s := r.Stats()
	return lateness("relay", &s.Up, s.Overrun, took), nil
}

// pour sends the flood for a time, and returns how long it took, the last packets'
// way included.
func pour(ctx context.Context, c net.Conn, d time.Duration) time.Duration {
	begin := time.Now()
	payload := make([]byte, floodSize)
	const every = gasp * packetSize * 8 * time.Second / flood
	for at := time.Duration(0); at < d && ctx.Err() == nil; at += every {
		time.Sleep(time.Until(begin.Add(at)))
		for range gasp {
			_, _ = c.Write(payload) // a queue that is full shows in what is carried
		}
	}
	took := time.Since(begin)
	time.Sleep(5 * oneWay) // so that all have come
	return took
}

func router(ctx context.Context, d time.Duration, log *zap.Logger) ([]Row, error) {
	const name, tcp = "UDP: late, p99", "TCP on a line of 100 Mbit/s: payload"
	if err := netem.CanRoute(); err != nil {
		return []Row{notRun("router", name, err), notRun("router", tcp, err)}, nil
	}
	rows, err := routeUDP(ctx, d, log)
	if err != nil || ctx.Err() != nil {
		return rows, err
	}
	row, err := routeTCP(ctx, tcp, d, log)
	if err != nil {
		return rows, err
	}
	return append(rows, row), nil
}

// routerName is always the same, so that what a killed run has left is cleaned up.
const routerName = "classrelay-selftest"

func routeUDP(ctx context.Context, d time.Duration, log *zap.Logger) ([]Row, error) {
	r, err := netem.NewRouter(netem.RouterConfig{Up: floodLine(), Down: floodLine(), Name: routerName}, log)
	if err != nil {
		return nil, err
	}
	stop := running(ctx, r.Run)
	var c net.Conn
	err = r.Near().Do(func() (err error) {
		c, err = net.Dial("udp", net.JoinHostPort(r.Far().Address.String(), "9")) //nolint:noctx // UDP: at once
		return err
	})
	if err != nil {
		return nil, errors.Join(err, stop(), r.Close())
	}
	took := pour(ctx, c, d)
	_ = c.Close()
	s := r.Stats() // while the namespaces are there, which know what they dropped
	if err := errors.Join(stop(), r.Close()); err != nil {
		return nil, err
	}
	return lateness("router", &s.Down, s.Overrun, took), nil
}

// routeTCP lets one download fill a line of 100 Mbit/s and 20 ms, and compares what
// arrived with what its headers leave: 1448 of 1500 bytes (RFC 791, RFC 9293 and the
// timestamps of RFC 7323).
func routeTCP(ctx context.Context, name string, d time.Duration, log *zap.Logger) (Row, error) {
	const warmUp, off = 2 * time.Second, 0.05
	p := netem.Profile{Rate: flood, Delay: oneWay}
	r, err := netem.NewRouter(netem.RouterConfig{Up: p, Down: p, Name: routerName}, log)
	if err != nil {
		return Row{}, err
	}
	stop := running(ctx, r.Run)
	b := r.Download([]netem.Bulk{{}})
	stopBulk := running(ctx, b.Run)
	_ = pause.For(ctx, warmUp)
	before, begin := b.Received(), time.Now()
	_ = pause.For(ctx, d)
	got := float64(b.Received()-before) * 8 / time.Since(begin).Seconds() / 1e6
	if err := errors.Join(stopBulk(), stop(), r.Close()); err != nil {
		return Row{}, fmt.Errorf("%s: %w", name, err)
	}
	want := flood * 1448 / 1500 / 1e6
	return between("router", name, "Mbit/s", got, (1-off)*want, (1+off)*want), nil
}
