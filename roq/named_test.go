package roq

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// startNamed connects two sessions of which the listening one takes streams.
func startNamed(t *testing.T, take func(ctx context.Context, kind byte, s Stream)) *pair {
	t.Helper()
	dialled, accepted := connect(t, newLink(t, 10*time.Millisecond, 0), TransportConfig{}, TransportConfig{})
	p := &pair{dialled: dialled, accepted: accepted}
	p.dialler, p.stopDialling, p.dialEnded = run(t, dialled, SessionConfig{Relay: true})
	p.listener, p.stopListing, p.listenEnded = run(t, accepted, SessionConfig{Relay: true, Listener: true, OnStream: take})
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
	if b := make([]byte, 5); readAll(t, theirs, b) != "hello" {
		t.Fatalf("control stream: %q", b)
	}
	return p
}

func readAll(t *testing.T, r io.Reader, b []byte) string {
	t.Helper()
	if _, err := io.ReadFull(r, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNamedStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startNamed(t, func(_ context.Context, kind byte, s Stream) {
			b := make([]byte, 4)
			if _, err := io.ReadFull(s, b); err == nil {
				_, _ = s.Write(append([]byte{kind, ':'}, b...)) // the test sees what is missing
			}
			_ = s.Close()
			s.CancelRead(NoError)
		})
		for range 10 { // more than are open at a time
			s, err := p.dialler.OpenNamed('N')
			if err != nil {
				t.Fatal(err)
			}
			c := StreamConn(s, p.dialled.LocalAddr(), p.dialled.RemoteAddr())
			if _, err := c.Write([]byte("ping")); err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, c, make([]byte, 6)); got != "N:ping" {
				t.Errorf("answer %q", got)
			}
			_ = c.Close() // says so when the peer has ended its side first
			if _, err := c.Write([]byte("more")); err == nil || c.LocalAddr() == nil || c.RemoteAddr() == nil {
				t.Error("it is not closed, or is nowhere")
			}
			time.Sleep(100 * time.Millisecond)
		}
		if _, err := p.listener.OpenNamed('N'); !errors.Is(err, ErrPlain) {
			t.Errorf("the listening side may not open one: %v", err)
		}
		select {
		case err := <-p.dialEnded:
			t.Errorf("the connection has ended: %v", err)
		default:
		}
	})
}

func TestANamedStreamEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		p := startNamed(t, func(_ context.Context, _ byte, s Stream) {
			_, err := io.ReadAll(s)
			ended <- err
		})
		s, err := p.dialler.OpenNamed('N')
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		p.stopListing()
		if err := <-ended; err == nil {
			t.Error("it ends as if all had come")
		}
		if _, err := io.ReadAll(s); err == nil {
			t.Error("the other end does not notice")
		}
	})
}

func TestAStreamThatSaysNothingIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startNamed(t, func(context.Context, byte, Stream) { t.Error("it was handed on") })
		s, err := p.dialled.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil { // the peer sees it, and no kind
			t.Fatal(err)
		}
		time.Sleep(2 * kindWithin)
		p.stopListing()
		<-p.listenEnded
	})
}
