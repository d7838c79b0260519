package roq

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	stock "github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// The peer in these tests is upstream quic-go with its own congestion control
// and path MTU discovery, and no line of ours: it speaks plain RoQ by hand.

const roqOld = "roq-12" // a neighbour of roq-14; the framing is the same

// stockPeers connects our Session with a stock connection, either way around.
func stockPeers(t *testing.T, weDial bool) (*Session, *stock.Conn, chan error) {
	t.Helper()
	l := newLink(t, 10*time.Millisecond, 0)
	ours := TransportConfig{Protocols: []string{ProtocolRelay, ProtocolRoQ, roqOld}}
	var conn *Conn
	var peer *stock.Conn
	if weDial {
		conn, peer = dialStock(t, l, ours)
	} else {
		conn, peer = acceptStock(t, l, ours)
	}
	if conn.Protocol() != roqOld {
		t.Fatalf("protocol %q, want %q", conn.Protocol(), roqOld)
	}
	s, _, ended := run(t, conn, SessionConfig{Listener: !weDial})
	return s, peer, ended
}

func stockConfig(protocols ...string) (*stock.Config, func(*tls.Config) *tls.Config) {
	return &stock.Config{EnableDatagrams: true}, func(c *tls.Config) *tls.Config {
		c.NextProtos = protocols
		return c
	}
}

// stockTransport closes with the test, and waits for what the library left to do.
func stockTransport(t *testing.T, e *end) *stock.Transport {
	t.Helper()
	tr := &stock.Transport{Conn: e}
	t.Cleanup(func() {
		tr.Close()
		e.Close()
		time.Sleep(time.Second)
	})
	return tr
}

func dialStock(t *testing.T, l *link, ours TransportConfig) (*Conn, *stock.Conn) {
	t.Helper()
	dialTLS, listenTLS := testTLS(t)
	cfg, with := stockConfig(roqOld)
	ln, err := stockTransport(t, l.listener).Listen(with(listenTLS), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ours.PacketConn, ours.TLS = l.dialler, dialTLS
	conn, err := Dial(t.Context(), l.listener.LocalAddr(), ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseWithError(NoError, "") })
	peer, err := ln.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn, peer
}

func acceptStock(t *testing.T, l *link, ours TransportConfig) (*Conn, *stock.Conn) {
	t.Helper()
	dialTLS, listenTLS := testTLS(t)
	ours.PacketConn, ours.TLS = l.listener, listenTLS
	ln, err := Listen(ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	cfg, with := stockConfig(roqOld)
	peer, err := stockTransport(t, l.dialler).Dial(t.Context(), ln.Addr(), with(dialTLS), cfg)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn, peer
}

// stockCase is our Session s and its stock peer.
type stockCase struct {
	t     *testing.T
	s     *Session
	peer  *stock.Conn
	ended chan error
}

// eitherWay runs a test with us dialling and with us listening.
func eitherWay(t *testing.T, f func(c stockCase)) {
	t.Helper()
	for name, weDial := range map[string]bool{"we dial": true, "we listen": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, peer, ended := stockPeers(t, weDial)
				f(stockCase{t, s, peer, ended})
			})
		})
	}
}

func TestStockPeerDatagrams(t *testing.T) {
	eitherWay(t, func(c stockCase) {
		t, s, peer := c.t, c.s, c.peer
		ch := receive(t, s, 1000)
		report, err := (&rtcp.ReceiverReport{SSRC: 9}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		media := append([]byte{0x80, 96}, make([]byte, 800)...)
		for _, packet := range [][]byte{media, report} {
			if err := peer.SendDatagram(append(quicvarint.Append(nil, 1000), packet...)); err != nil {
				t.Fatal(err)
			}
			got := next(t, ch)
			if !bytes.Equal(got.Packet, packet) || IsRTCP(got.Packet) != bytes.Equal(packet, report) {
				t.Errorf("got %d bytes, RTCP %t", len(got.Packet), IsRTCP(got.Packet))
			}
			s.TrySend(2000, packet, time.Time{})
			b, err := peer.ReceiveDatagram(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			flow, n, err := quicvarint.Parse(b)
			if err != nil || flow != 2000 || !bytes.Equal(b[n:], packet) {
				t.Errorf("the peer got flow %d with %d bytes, %v", flow, len(b)-n, err)
			}
		}
		// A datagram of nothing but a flow id is no reason to part.
		if err := peer.SendDatagram(quicvarint.Append(nil, 1000)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if got := s.Stats().Flows; got.Malformed != 1 || got.Delivered != 2 {
			t.Errorf("%+v", got)
		}
	})
}

func TestStockPeerStreams(t *testing.T) {
	eitherWay(t, func(c stockCase) {
		t, s, peer := c.t, c.s, c.peer
		ch := receive(t, s, 1000)
		stream, err := peer.OpenUniStream()
		if err != nil {
			t.Fatal(err)
		}
		b := quicvarint.Append(nil, 1000)
		for _, packet := range []string{"one", "another"} {
			b = append(quicvarint.Append(b, uint64(len(packet))), packet...)
		}
		if _, err := stream.Write(b); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"one", "another"} {
			if got := next(t, ch); string(got.Packet) != want {
				t.Errorf("got %q, want %q", got.Packet, want)
			}
		}
	})
}

// TestStockPeerGetsLargePacketsOnStreams: what does not fit into a datagram
// travels on a stream of its own, one per packet.
func TestStockPeerGetsLargePacketsOnStreams(t *testing.T) {
	eitherWay(t, func(c stockCase) {
		t, s, peer := c.t, c.s, c.peer
		for i := range 20 {
			packet := bytes.Repeat([]byte{byte(i)}, 3000)
			s.TrySend(2000, packet, time.Now().Add(time.Second))
			stream, err := peer.AcceptUniStream(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r, err := NewPacketReader(stream)
			if err != nil || r.Flow() != 2000 {
				t.Fatalf("flow %d, %v", r.Flow(), err)
			}
			if got, err := r.Read(); err != nil || !bytes.Equal(got, packet) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
		}
		if got := s.Stats(); got.Flows.Streamed != 20 || got.Flows.Split != 0 || got.Writer.Sent != 20 {
			t.Errorf("%+v", got)
		}
	})
}

func TestStockPeerOpensTooFewStreams(t *testing.T) {
	eitherWay(t, func(c stockCase) {
		t, s := c.t, c.s
		// The peer takes nothing off its streams, so its limit of 100 is reached.
		for range 150 {
			s.TrySend(2000, make([]byte, 3000), time.Now().Add(time.Second))
		}
		time.Sleep(2 * time.Second)
		if got := s.Stats(); got.Flows.Streamed != 100 || got.Writer.Failed != 50 {
			t.Errorf("%d on streams, %d failed; want 100, 50", got.Flows.Streamed, got.Writer.Failed)
		}
	})
}

func TestStockPeerErrorCodes(t *testing.T) {
	var app *stock.ApplicationError
	var reset *stock.StreamError
	t.Run("a bidirectional stream ends the connection", func(t *testing.T) {
		eitherWay(t, func(c stockCase) {
			t, peer, ended := c.t, c.peer, c.ended
			stream, err := peer.OpenStream()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Write([]byte{5}); err != nil {
				t.Fatal(err)
			}
			<-peer.Context().Done()
			if err := context.Cause(peer.Context()); !errors.As(err, &app) || !app.Remote ||
				app.ErrorCode != stock.ApplicationErrorCode(StreamCreationError) {
				t.Errorf("the peer heard %v", err)
			}
			if err := <-ended; !errors.Is(err, errBidirectional) {
				t.Errorf("we ended with %v", err)
			}
		})
	})
	t.Run("a flow nobody knows is refused after half a second", func(t *testing.T) {
		eitherWay(t, func(c stockCase) {
			t, peer := c.t, c.peer
			stream, err := peer.OpenUniStream()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Write([]byte{5, 1, 1}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if _, err := stream.Write([]byte{1, 1}); !errors.As(err, &reset) ||
				reset.ErrorCode != stock.StreamErrorCode(UnknownFlowID) {
				t.Errorf("the peer heard %v", err)
			}
		})
	})
	t.Run("a stream with an empty packet is a packet error", func(t *testing.T) {
		eitherWay(t, func(c stockCase) {
			t, s, peer := c.t, c.s, c.peer
			receive(t, s, 5)
			stream, err := peer.OpenUniStream()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Write([]byte{5, 0}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if _, err := stream.Write([]byte{1, 1}); !errors.As(err, &reset) ||
				reset.ErrorCode != stock.StreamErrorCode(PacketError) {
				t.Errorf("the peer heard %v", err)
			}
		})
	})
	t.Run("our close is heard as a code", func(t *testing.T) {
		eitherWay(t, func(c stockCase) {
			t, s, peer := c.t, c.s, c.peer
			if err := s.Close(ExpectationUnmet, "no video here"); err != nil {
				t.Fatal(err)
			}
			<-peer.Context().Done()
			if err := context.Cause(peer.Context()); !errors.As(err, &app) ||
				app.ErrorCode != stock.ApplicationErrorCode(ExpectationUnmet) || app.ErrorMessage != "no video here" {
				t.Errorf("the peer heard %v", err)
			}
		})
	})
	t.Run("the peer's close is heard as a code", func(t *testing.T) {
		eitherWay(t, func(c stockCase) {
			t, peer, ended := c.t, c.peer, c.ended
			if err := peer.CloseWithError(stock.ApplicationErrorCode(GeneralError), ""); err != nil {
				t.Fatal(err)
			}
			if code, ok := CloseCode(<-ended); !ok || code != GeneralError {
				t.Errorf("we heard %v (%t)", code, ok)
			}
		})
	})
}

// TestPeerWithoutDatagrams is refused as the draft says.
func TestPeerWithoutDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 10*time.Millisecond, 0)
		dialTLS, listenTLS := testTLS(t)
		ln, err := Listen(TransportConfig{PacketConn: l.listener, TLS: listenTLS})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
		defer stop()
		dialTLS.NextProtos = []string{ProtocolRoQ}
		peer, err := stockTransport(t, l.dialler).Dial(ctx, ln.Addr(), dialTLS, &stock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ln.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("accepted: %v", err)
		}
		var app *stock.ApplicationError
		if err := context.Cause(peer.Context()); !errors.As(err, &app) ||
			app.ErrorCode != stock.ApplicationErrorCode(ExpectationUnmet) {
			t.Errorf("the peer heard %v", err)
		}
	})
}

// TestSessionOverStockConnections: a Session needs no connection of ours.
func TestSessionOverStockConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 10*time.Millisecond, 0)
		dialTLS, listenTLS := testTLS(t)
		cfg, with := stockConfig(ProtocolRoQ)
		ln, err := stockTransport(t, l.listener).Listen(with(listenTLS), cfg)
		if err != nil {
			t.Fatal(err)
		}
		dialled, err := stockTransport(t, l.dialler).Dial(t.Context(), l.listener.addr, with(dialTLS), cfg)
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := ln.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, _, _ := run(t, adaptStock(dialled), SessionConfig{})
		b, _, _ := run(t, adaptStock(accepted), SessionConfig{Listener: true})
		ch := receive(t, b, 64)
		for _, size := range []int{100, 3000} { // a datagram, and a stream
			a.TrySend(64, make([]byte, size), time.Time{})
			if got := next(t, ch); len(got.Packet) != size {
				t.Errorf("%d bytes, want %d", len(got.Packet), size)
			}
		}
	})
}

func adaptStock(c *stock.Conn) Connection {
	return Adapt(c, func(err error) int {
		var large *stock.DatagramTooLargeError
		if errors.As(err, &large) {
			return int(large.MaxDatagramPayloadSize)
		}
		return 0
	})
}
