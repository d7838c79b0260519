package roq

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestPacketSizes shows whose size matters: each end chooses what it sends, and
// with the dialler's choice known to the listener both fit the path.
func TestPacketSizes(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		path                      int
		dial                      int // TransportConfig.PacketSize, 0 = 1350 and fall back
		wantDialled, wantAccepted int
	}{
		{"a wide path carries full datagrams", 1400, 0, DatagramSize, DatagramSize},
		{"a path of exactly our size does", PacketSize, 0, DatagramSize, DatagramSize},
		{"a narrow path makes both ends fall back", FallbackPacketSize, 0, FallbackDatagramSize, FallbackDatagramSize},
		{"a dialler set to 1252 is answered in kind", FallbackPacketSize, FallbackPacketSize, FallbackDatagramSize, FallbackDatagramSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, 20*time.Millisecond, 0)
				l.mtu = tt.path
				begun := time.Now()
				p := start2(t, l, TransportConfig{PacketSize: tt.dial}, TransportConfig{})
				took := time.Since(begun)
				if fell := tt.dial == 0 && tt.path < PacketSize; fell != (took >= fallbackAfter) {
					t.Errorf("handshake took %v", took)
				}
				time.Sleep(5 * time.Second) // the path is probed
				if got := p.dialled.MaxDatagramSize(); got != tt.wantDialled {
					t.Errorf("dialled end: %d bytes, want %d", got, tt.wantDialled)
				}
				if got := p.accepted.MaxDatagramSize(); got != tt.wantAccepted {
					t.Errorf("accepted end: %d bytes, want %d", got, tt.wantAccepted)
				}
				exchange(t, p)
			})
		})
	}
}

// exchange sends full packets both ways and expects every one.
func exchange(t *testing.T, p *pair) {
	t.Helper()
	up, down := receive(t, p.listener, 64), receive(t, p.dialler, 64)
	for i := range 50 {
		packet := bytes.Repeat([]byte{byte(i)}, MaxPacketSize)
		p.dialler.TrySend(64, packet, time.Time{})
		p.listener.TrySend(64, packet, time.Time{})
		time.Sleep(5 * time.Millisecond)
	}
	for i := range 50 {
		for _, ch := range []chan Received{up, down} {
			if got := next(t, ch); len(got.Packet) != MaxPacketSize || got.Packet[0] != byte(i) {
				t.Fatalf("packet %d: %d bytes of %d", i, len(got.Packet), got.Packet[0])
			}
		}
	}
}

func TestNarrowPathCarriesFullPacketsInParts(t *testing.T) {
	for _, loss := range []float64{0, 0.05} {
		t.Run(fmt.Sprintf("%.0f %% loss", loss*100), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, 20*time.Millisecond, 0)
				l.mtu = FallbackPacketSize
				p := start2(t, l, TransportConfig{}, TransportConfig{})
				l.change(func(l *link) { l.loss = loss })
				ch := receive(t, p.listener, 64)
				const sent = 2000
				for i := range sent {
					p.dialler.TrySend(64, bytes.Repeat([]byte{byte(i)}, MaxPacketSize), time.Time{})
					time.Sleep(2 * time.Millisecond)
				}
				time.Sleep(2 * time.Second)
				s := p.listener.Stats().Flows
				if got := p.dialler.Stats().Flows.Split; got != sent {
					t.Errorf("%d split, want %d", got, sent)
				}
				// Two parts must both arrive: 0.95 x 0.95.
				want := int(sent * (1 - loss) * (1 - loss))
				if got := len(ch); got < want-60 || got > want+60 || loss == 0 && got != sent {
					t.Errorf("%d arrived, want about %d", got, want)
				}
				if uint64(len(ch)) != s.Joined || loss > 0 && s.Incomplete == 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// TestSilentPathHeals: a path that said nothing for two seconds is taken for a
// narrow one, and found out to be wide.
func TestSilentPathHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 20*time.Millisecond, 0)
		l.dark = true
		time.AfterFunc(2100*time.Millisecond, func() { l.change(func(l *link) { l.dark = false }) })
		p := start2(t, l, TransportConfig{}, TransportConfig{})
		exchange(t, p)
		time.Sleep(10 * time.Second)
		for _, c := range []*Conn{p.dialled, p.accepted} {
			if got := c.MaxDatagramSize(); got < DatagramSize {
				t.Errorf("still %d bytes, want at least %d", got, DatagramSize)
			}
		}
		exchange(t, p)
	})
}

func TestNarrowPeers(t *testing.T) {
	addr := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}
	initial := append([]byte{0xc3, 0, 0, 0, 1}, make([]byte, 1300)...)
	for _, tt := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"a small Initial", initial[:1252], true},
		{"a small Initial of version 2", append([]byte{0xd3, 0x6b, 0x33, 0x43, 0xcf}, make([]byte, 1200)...), true},
		{"a full Initial", append(initial, make([]byte, 45)...), false},
		{"a small Handshake packet", append([]byte{0xe3, 0, 0, 0, 1}, make([]byte, 1200)...), false},
		{"a short header", append([]byte{0x43, 0, 0, 0, 1}, make([]byte, 1200)...), false},
		{"four bytes", []byte{0xc3, 0, 0, 0}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNarrowPeers()
			n.see(tt.b, addr)
			if got := n.take(addr); got != tt.want {
				t.Errorf("%t, want %t", got, tt.want)
			}
			if n.take(addr) {
				t.Error("not forgotten")
			}
		})
	}
	t.Run("a full one after a small one", func(t *testing.T) {
		n := newNarrowPeers()
		n.see(initial[:1252], addr)
		n.see(append(initial, make([]byte, 45)...), addr)
		if n.take(addr) {
			t.Error("still narrow")
		}
	})
	t.Run("more of them than there is room for", func(t *testing.T) {
		n := newNarrowPeers()
		for i := range 10 * maxNarrow {
			n.see(initial[:1252], &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: i})
		}
		if len(n.addrs) > maxNarrow {
			t.Errorf("%d addresses kept", len(n.addrs))
		}
	})
}

func FuzzIsInitial(f *testing.F) {
	f.Add([]byte{0xc3, 0, 0, 0, 1})
	f.Add([]byte{0xc3, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if isInitial(b) && (len(b) < 5 || b[0] < 0xc0) {
			t.Errorf("%x is no Initial", b)
		}
	})
}
