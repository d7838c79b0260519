package netem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/pause"
)

// Bulk is a download of others on the line: TCP flows the way of the media that send
// as much as they are let.
type Bulk struct {
	// Congestion is the name of the control that the flows use, as in
	// /proc/sys/net/ipv4/tcp_available_congestion_control; empty = the system's.
	Congestion string
	// Flows is how many there are; 0 = 1.
	Flows int
	// From and To are when they begin and end, counted from the line's start; To 0 =
	// never.
	From, To time.Duration
}

// Beside is TCP that shares a line with what else is on it: the same queue, the same
// losses. It runs between two network namespaces, so it needs root and Linux. All
// methods are safe for concurrent use.
type Beside struct {
	pair  *pair
	bulks []Bulk
	start time.Time
	ended atomic.Int64 // ns since start; 0 = not yet

	received atomic.Uint64 // bytes of payload
}

// Beside puts two namespaces at the ends of the Relay's line, where bulks run. Call it
// before Run; start the result with its own Run, and remove it with Close when both
// have returned.
func (r *Relay) Beside(name string, bulks []Bulk, log *zap.Logger) (*Beside, error) {
	pair, err := newPair(name, log)
	if err != nil {
		return nil, err
	}
	pair.join(r.line)
	return &Beside{pair: pair, bulks: bulks, start: time.Now()}, nil
}

// Download makes bulk flows from the near to the far namespace of the Router; start
// them with the result's Run. Closing the Router closes them as well.
func (r *Router) Download(bulks []Bulk) *Beside {
	return &Beside{pair: r.pair, bulks: bulks, start: time.Now()}
}

// Run downloads until ctx ends.
func (b *Beside) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sink, err := b.pair.far.Listen("tcp4")
	if err != nil {
		return fmt.Errorf("TCP beside: %w", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { b.accept(ctx, sink) })                       // ends when the sink is closed
	stop := context.AfterFunc(ctx, func() { _ = sink.Close() }) // ends accept
	defer stop()
	for _, bulk := range b.bulks {
		for range max(1, bulk.Flows) {
			wg.Go(func() { // ends with ctx, or at To
				if err := b.download(ctx, bulk, sink.Addr()); err != nil && ctx.Err() == nil {
					cancel(fmt.Errorf("TCP beside: %w", err))
				}
			})
		}
	}
	<-ctx.Done()
	b.ended.Store(int64(time.Since(b.start)))
	_ = sink.Close()
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// accept takes in what the flows bring until the sink is closed.
func (b *Beside) accept(ctx context.Context, sink net.Listener) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		c, err := sink.Accept()
		if err != nil {
			return
		}
		wg.Go(func() { // ends with the flow, or with ctx: the line may carry no word of the end
			defer c.Close()
			defer context.AfterFunc(ctx, func() { _ = c.Close() })()
			_, _ = io.Copy(counter{&b.received}, c)
		})
	}
}

// counter counts what is written to it.
type counter struct{ n *atomic.Uint64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(uint64(len(b)))
	return len(b), nil
}

// download is one flow, from its beginning to its end.
func (b *Beside) download(ctx context.Context, bulk Bulk, to net.Addr) error {
	if pause.For(ctx, time.Until(b.start.Add(bulk.From))) != nil {
		return nil
	}
	if bulk.To > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, b.start.Add(bulk.To))
		defer cancel()
	}
	c, err := b.pair.near.DialTCP(ctx, to.String(), bulk.Congestion)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { // ends the writing below
		_ = c.SetLinger(0) // what is still queued is not of interest
		_ = c.Close()
	})
	defer stop()
	for piece := make([]byte, 64<<10); ; {
		if _, err := c.Write(piece); err != nil {
			_ = c.Close()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// Received is how many bytes of payload have arrived.
func (b *Beside) Received() uint64 { return b.received.Load() }

// Share is which part of a rate in bit/s the flows got while there were any, by their
// payload; 0 before the first.
func (b *Beside) Share(rate int64) float64 {
	now := time.Since(b.start)
	if e := b.ended.Load(); e > 0 {
		now = time.Duration(e)
	}
	from, to := now, time.Duration(0)
	for _, bulk := range b.bulks {
		from = min(from, bulk.From)
		if bulk.To == 0 {
			to = now
		}
		to = min(now, max(to, bulk.To))
	}
	if to <= from || rate == 0 {
		return 0
	}
	return float64(b.received.Load()) * 8 / (float64(rate) * (to - from).Seconds())
}

// Close removes the namespaces.
func (b *Beside) Close() error { return b.pair.close() }
