package egress

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/classrelay/classrelay/bench/capacity/usage"
)

// SenderConfig says how the sending process sends.
type SenderConfig struct {
	Mode        Mode
	Connections int           // wait for so many receivers
	Rate        int           // bit/s of each
	For         time.Duration // measured, after the warm-up
	Identity    string        // folder of the sender's certificate, for QUIC
}

// Sent is what a sender has to say: the cost of what it sent.
type Sent struct {
	Seconds   float64    `json:"seconds"`
	CPU       usage.Time `json:"cpu"`
	MediaBits float64    `json:"media_bits"` // of RTP packets, without what wraps them
	Packets   int        `json:"packets"`
	// Calls is how many system calls carried the packets; 0 where the library
	// that sends hides them.
	Calls int `json:"calls"`
	// Allocations on the heap of the sending process.
	Allocations int `json:"allocations"`
	// Behind is how many pictures were not sent because the one before was not
	// out yet: above 0 the sender was the limit.
	Behind int `json:"pictures_behind"`
	RSS    int `json:"rss_bytes"` // at the end
}

// warmUp is sent before it counts: handshakes are over, windows and heaps have
// found their size.
const warmUp = 600 * time.Millisecond

// outlet is a way to send that is set up.
type outlet interface {
	// Addr is where receivers dial.
	Addr() string
	// Await returns when so many have.
	Await(ctx context.Context, receivers int) error
	// Picture sends a picture to each.
	Picture(packets [][]byte) error
	// Sent is what has left, to all together.
	Sent() tally
	Close() error
}

// tally is what has left: bytes of RTP packets, these packets, and the system calls
// that carried them.
type tally struct{ bytes, packets, calls int }

func open(cfg *SenderConfig) (outlet, error) {
	switch cfg.Mode {
	case UDP:
		return openUDP(false)
	case GSO:
		return openUDP(true)
	case QUIC, Naive:
		return openQUIC(cfg.Identity)
	case RTSP:
		return openRTSP()
	}
	return nil, fmt.Errorf("no way to send called %q", cfg.Mode)
}

// Send is the sending process. It tells its address on say, one line, and the cost
// as a SendReport, another; then it keeps its connections until ctx ends, so that
// receivers can count what is on its way. Profile, if not nil, is called when the
// measured time begins, and what it returns when that ends.
func Send(ctx context.Context, cfg SenderConfig, say io.Writer, profile func() func()) error {
	out, err := open(&cfg)
	if err != nil {
		return fmt.Errorf("send by %s: %w", cfg.Mode, err)
	}
	defer func() { _ = out.Close() }()
	if _, err := fmt.Fprintln(say, out.Addr()); err != nil {
		return err
	}
	if err := out.Await(ctx, cfg.Connections); err != nil {
		return fmt.Errorf("send by %s: wait for %d receivers: %w", cfg.Mode, cfg.Connections, err)
	}
	s := &sending{out: out, packets: cut(cfg.Mode, cfg.Rate)}
	if err := s.play(ctx, warmUp); err != nil {
		return err
	}
	stop := func() {}
	if profile != nil {
		stop = profile()
	}
	sent, err := s.measure(ctx, cfg.For)
	stop()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(say).Encode(SendReport{Sent: *sent, TotalBytes: out.Sent().bytes}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// sending is a sender at work.
type sending struct {
	out     outlet
	packets [][]byte
	behind  int
}

// measure plays and tells what it cost.
func (s *sending) measure(ctx context.Context, d time.Duration) (*Sent, error) {
	s.behind = 0
	before, mallocs := s.out.Sent(), allocations()
	cpu, err := usage.Self()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.play(ctx, d); err != nil {
		return nil, err
	}
	sent := &Sent{Seconds: time.Since(began).Seconds(), Behind: s.behind}
	after, err := usage.Self()
	if err != nil {
		return nil, err
	}
	left := s.out.Sent()
	sent.CPU = after.Sub(cpu)
	sent.MediaBits = float64(left.bytes-before.bytes) * 8
	sent.Packets, sent.Calls = left.packets-before.packets, left.calls-before.calls
	sent.Allocations = int(allocations() - mallocs)
	sent.RSS, _ = usage.RSS(0) // left 0 where the system does not tell
	return sent, nil
}

// allocations is how many the process has made.
func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// play sends pictures for a time. What a sender cannot send in time it leaves out.
func (s *sending) play(ctx context.Context, d time.Duration) error {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for due := time.Duration(0); due < d; due += pictureEvery {
		if late := time.Since(began) - due; late > pictureEvery {
			s.behind++
			continue
		}
		timer.Reset(time.Until(began.Add(due)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := s.out.Picture(s.packets); err != nil {
			return fmt.Errorf("send a picture: %w", err)
		}
	}
	return nil
}
