package roq

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestSessionCarriesPacketsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 10*time.Millisecond, 0)
		p := start2(t, l, TransportConfig{}, TransportConfig{})
		if p.dialled.Protocol() != ProtocolRelay {
			t.Fatalf("protocol %q, want %q", p.dialled.Protocol(), ProtocolRelay)
		}
		up, down := receive(t, p.listener, 64), receive(t, p.dialler, 65)
		full := bytes.Repeat([]byte{0x80}, MaxPacketSize)
		if !p.dialler.TrySend(64, full, time.Time{}) || !p.listener.TrySend(65, []byte("hello"), time.Time{}) {
			t.Fatal("congested at the first packet")
		}
		if got := next(t, up); !bytes.Equal(got.Packet, full) || got.Flow != 64 {
			t.Errorf("flow %d, %d bytes", got.Flow, len(got.Packet))
		}
		if got := next(t, down); string(got.Packet) != "hello" {
			t.Errorf("got %q", got.Packet)
		}
		if s := p.dialler.Stats(); s.Flows.Split != 0 || s.Writer.Sent != 1 || s.Writer.SentBytes != MaxPacketSize {
			t.Errorf("%+v", s)
		}
	})
}

// start2 connects and starts.
func start2(t *testing.T, l *link, dial, listen TransportConfig) *pair {
	t.Helper()
	dialled, accepted := connect(t, l, dial, listen)
	return start(t, dialled, accepted)
}

func TestSessionHoldsPacketsOfUnknownFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 10*time.Millisecond, 0)
		p := start2(t, l, TransportConfig{}, TransportConfig{})
		for i := range 3 {
			p.dialler.TrySend(70, []byte{byte(i)}, time.Time{})
			p.dialler.TrySend(71, []byte{byte(i)}, time.Time{})
		}
		time.Sleep(100 * time.Millisecond)
		early := receive(t, p.listener, 70)
		for i := range 3 {
			if got := next(t, early); got.Packet[0] != byte(i) {
				t.Errorf("packet %d came as number %d", got.Packet[0], i)
			}
		}
		time.Sleep(time.Second)
		late := receive(t, p.listener, 71)
		if len(late) != 0 {
			t.Errorf("%d packets were held for more than half a second", len(late))
		}
		if s := p.listener.Stats().Flows; s.Held != 6 || s.Forgotten != 3 || s.Delivered != 3 {
			t.Errorf("%+v", s)
		}
	})
}

func TestSessionControlStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 10*time.Millisecond, 0)
		p := start2(t, l, TransportConfig{}, TransportConfig{})
		ours, err := p.dialler.Control(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ours.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		theirs, err := p.listener.Control(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := theirs.Write([]byte("you too")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 7)
		if _, err := io.ReadFull(ours, buf); err != nil || string(buf) != "you too" {
			t.Errorf("read %q, %v", buf, err)
		}
		// A second one is one too many.
		second, err := p.dialled.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := second.Write([]byte("me too")); err != nil {
			t.Fatal(err)
		}
		if code, ok := CloseCode(<-p.dialEnded); !ok || code != StreamCreationError {
			t.Errorf("ended with %v (from the peer: %t), want %v", code, ok, StreamCreationError)
		}
	})
}

func TestListenerMustNotOpenTheControlStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := start2(t, newLink(t, 10*time.Millisecond, 0), TransportConfig{}, TransportConfig{})
		stream, err := p.accepted.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if code, ok := CloseCode(<-p.listenEnded); !ok || code != StreamCreationError {
			t.Errorf("ended with %v (from the peer: %t), want %v", code, ok, StreamCreationError)
		}
	})
}

func TestPlainSessionHasNoControlStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain := TransportConfig{Protocols: []string{ProtocolRoQ}}
		p := start2(t, newLink(t, 10*time.Millisecond, 0), plain, TransportConfig{})
		if p.accepted.Protocol() != ProtocolRoQ {
			t.Fatalf("protocol %q", p.accepted.Protocol())
		}
		if _, err := p.dialler.Control(t.Context()); !errors.Is(err, ErrPlain) {
			t.Errorf("got %v, want ErrPlain", err)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	t.Run("normally when its context does, and the peer hears NO_ERROR", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := start2(t, newLink(t, 10*time.Millisecond, 0), TransportConfig{}, TransportConfig{})
			p.stopDialling()
			if err := <-p.dialEnded; err != nil {
				t.Errorf("normal end returned %v", err)
			}
			if code, ok := CloseCode(<-p.listenEnded); !ok || code != NoError {
				t.Errorf("peer heard %v (%t)", code, ok)
			}
		})
	})
	t.Run("after six seconds without the peer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLink(t, 10*time.Millisecond, 0)
			p := start2(t, l, TransportConfig{}, TransportConfig{})
			time.Sleep(time.Second)
			l.change(func(l *link) { l.dark = true })
			begun := time.Now()
			err := <-p.dialEnded
			if err == nil {
				t.Error("no error")
			}
			if took := time.Since(begun); took < 5*time.Second || took > 7*time.Second {
				t.Errorf("ended after %v, want about 6 s", took)
			}
		})
	})
	t.Run("while its writer is blocked by a dead link", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLink(t, 10*time.Millisecond, 0)
			p := start2(t, l, TransportConfig{}, TransportConfig{})
			l.change(func(l *link) { l.dark = true })
			for p.dialler.TrySend(64, make([]byte, MaxPacketSize), time.Time{}) {
			}
			time.Sleep(time.Second)
			if p.dialler.Stats().Writer.Waiting == 0 {
				t.Fatal("the writer is not blocked")
			}
			p.stopDialling()
			if err := <-p.dialEnded; err != nil {
				t.Errorf("normal end returned %v", err)
			}
		})
	})
}

func TestSessionRefusesFlowsThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := start2(t, newLink(t, 10*time.Millisecond, 0), TransportConfig{}, TransportConfig{})
		for _, flow := range []uint64{FragmentFlow, MaxFlow + 1} {
			if err := p.dialler.Receive(flow, make(chan Received)); !errors.Is(err, errFlow) {
				t.Errorf("receive flow %d: %v", flow, err)
			}
			if _, err := p.dialler.OpenStream(flow); !errors.Is(err, errFlow) {
				t.Errorf("open flow %d: %v", flow, err)
			}
		}
	})
}

func TestStreamOfAFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := start2(t, newLink(t, 10*time.Millisecond, 0), TransportConfig{}, TransportConfig{})
		w, err := p.dialler.OpenStream(100)
		if err != nil {
			t.Fatal(err)
		}
		large := bytes.Repeat([]byte{7}, 20_000)
		for _, packet := range [][]byte{[]byte("one"), large} {
			if err := w.Write(packet); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // the stream waits for its flow
		ch := receive(t, p.listener, 100)
		if got := next(t, ch); string(got.Packet) != "one" {
			t.Errorf("got %q", got.Packet)
		}
		if got := next(t, ch); !bytes.Equal(got.Packet, large) {
			t.Errorf("got %d bytes, want 20000", len(got.Packet))
		}
	})
}

func TestStreamOfAnUnknownFlowIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := start2(t, newLink(t, 10*time.Millisecond, 0), TransportConfig{}, TransportConfig{})
		w, err := p.dialler.OpenStream(100)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write([]byte("anybody?")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := w.Write([]byte("nobody")); err == nil {
			t.Error("the stream of an unknown flow is still open after a second")
		}
		if got := p.listener.Stats().Flows.Refused; got != 1 {
			t.Errorf("%d streams refused, want 1", got)
		}
	})
}
