package roq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestWriterNeverBlocksAndDropsWhatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []byte
		// The connection takes one packet per 10 ms.
		w := NewWriter(func(_ uint64, packet []byte, _ time.Time) error {
			time.Sleep(10 * time.Millisecond)
			sent = append(sent, packet[0])
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }() // ended by stop
		begun, taken := time.Now(), 0
		for i := range writerQueue + 100 {
			if w.TrySend(64, []byte{byte(i)}, begun.Add(95*time.Millisecond)) {
				taken++
			}
		}
		if time.Since(begun) != 0 {
			t.Error("TrySend took time")
		}
		// One may be in the hands of the writer already.
		if taken < writerQueue || taken > writerQueue+1 {
			t.Errorf("%d packets taken, want %d", taken, writerQueue)
		}
		w.TrySend(64, []byte{0}, begun) // refused: full
		time.Sleep(time.Second)
		stop()
		<-ended
		s := w.Stats()
		if len(sent) != 10 || s.Sent != 10 {
			t.Errorf("%d packets sent within 95 ms, counted %d; want 10", len(sent), s.Sent)
		}
		if s.Expired != uint64(taken-10) || s.Queued != uint64(taken) || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		if s.Congested != uint64(writerQueue+101-taken) {
			t.Errorf("%d refused, want %d", s.Congested, writerQueue+101-taken)
		}
	})
}

func TestWriterKeepsPacketsWithoutDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWriter(func(uint64, []byte, time.Time) error { return nil })
		w.TrySend(64, []byte{1}, time.Time{})
		time.Sleep(time.Hour)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := w.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		if w.Stats().Sent != 1 {
			t.Error("not sent")
		}
	})
}

func TestWriterWaitsForTheWholePicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []byte
		w := NewWriter(func(_ uint64, packet []byte, _ time.Time) error {
			sent = append(sent, packet[0])
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }() // ended by stop
		for i := range byte(3) {
			if !w.Queue(64, []byte{i}, time.Time{}) {
				t.Fatal("refused")
			}
			synctest.Wait()
		}
		if s := w.Stats(); len(sent) != 0 || s.Waiting != 3 || s.Queued != 3 {
			t.Errorf("sent %v before Flush, %+v", sent, s)
		}
		w.Flush()
		w.Flush() // has nothing to do
		synctest.Wait()
		if s := w.Stats(); !bytes.Equal(sent, []byte{0, 1, 2}) || s.Waiting != 0 || s.Sent != 3 {
			t.Errorf("sent %v after Flush, %+v", sent, s)
		}
		stop()
		<-ended
	})
}

func TestWriterKeepsTheOrderAroundItsRing(t *testing.T) {
	var sent []int
	w := NewWriter(func(flow uint64, _ []byte, _ time.Time) error {
		sent = append(sent, int(flow))
		return nil
	})
	for next := 0; next < 3*writerQueue; {
		for range writerQueue*2/3 + 1 { // so that rounds begin at ever other places of the ring
			w.Queue(uint64(next), []byte{1}, time.Time{})
			next++
		}
		if err := w.drain(); err != nil {
			t.Fatal(err)
		}
	}
	for i, flow := range sent {
		if flow != i {
			t.Fatalf("packet %d came as number %d", flow, i)
		}
	}
	if s := w.Stats(); s.Congested != 0 || int(s.Sent) != len(sent) || len(sent) < 3*writerQueue {
		t.Errorf("%d sent, %+v", len(sent), s)
	}
}

func TestSendingAPacketAllocatesNothingOfOurs(t *testing.T) {
	s := &Session{conn: bottomless{}}
	s.writer = NewWriter(s.send)
	packet, deadline := make([]byte, MaxPacketSize), time.Now().Add(time.Hour)
	got := testing.AllocsPerRun(100, func() {
		s.Queue(1000, packet, deadline)
		if err := s.writer.drain(); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations a packet, want none", got)
	}
}

// bottomless is a connection that takes every datagram and has nothing else.
type bottomless struct{ Connection }

func (bottomless) SendDatagram([]byte) error { return nil }

func TestWriterEndsWithTheConnectionOnly(t *testing.T) {
	gone := errors.New("connection gone")
	answers := []error{nil, fmt.Errorf("%w: too large", errNotSent), nil, gone}
	w := NewWriter(func(uint64, []byte, time.Time) error {
		err := answers[0]
		answers = answers[1:]
		return err
	})
	for range 4 {
		w.TrySend(64, []byte{1, 2}, time.Time{})
	}
	if err := w.Run(t.Context()); !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
	if s := w.Stats(); s.Sent != 2 || s.SentBytes != 4 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
}

// flood is a connection that has n datagrams at once and then ends.
type flood struct{ left int }

var errDry = errors.New("no more")

func (f *flood) ReceiveDatagram(context.Context) ([]byte, error) {
	if f.left == 0 {
		return nil, errDry
	}
	f.left--
	return []byte{1}, nil
}

func TestReaderNeverWaitsForTheSession(t *testing.T) {
	r := NewReader(&flood{left: readerQueue + 10})
	if err := r.Run(t.Context()); !errors.Is(err, errDry) {
		t.Errorf("ended with %v", err)
	}
	want := ReaderStats{Received: readerQueue + 10, Overflow: 10, Waiting: readerQueue}
	if got := r.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func BenchmarkWriter(b *testing.B) {
	var buf []byte
	w := NewWriter(func(flow uint64, packet []byte, _ time.Time) error {
		buf = AppendDatagram(buf[:0], flow, packet)
		return nil
	})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }() // ended by stop
	packet, deadline := make([]byte, MaxPacketSize), time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		for !w.TrySend(1000, packet, deadline) {
			time.Sleep(time.Microsecond)
		}
	}
	stop()
	<-ended
}
