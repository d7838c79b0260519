package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// udpOutlet is one socket that sends to all, one packet a write or one picture a
// write.
type udpOutlet struct {
	conn    *net.UDPConn
	peers   []netip.AddrPort
	batch   bool
	picture []byte
	control []byte
	sent    tally
}

func openUDP(batch bool) (*udpOutlet, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	u := &udpOutlet{conn: conn, batch: batch}
	if batch {
		if u.control, err = segmentation(fullPacket); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return u, errors.Join(conn.SetWriteBuffer(1<<20), conn.SetReadBuffer(1<<20))
}

func (u *udpOutlet) Addr() string { return u.conn.LocalAddr().String() }

// Await takes each receiver's knock.
func (u *udpOutlet) Await(ctx context.Context, receivers int) error {
	stop := context.AfterFunc(ctx, func() { _ = u.conn.SetReadDeadline(time.Now()) })
	defer stop()
	var b [16]byte
	seen := make(map[netip.AddrPort]bool, receivers)
	for len(u.peers) < receivers {
		_, from, err := u.conn.ReadFromUDPAddrPort(b[:])
		if err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		if !seen[from] {
			seen[from] = true
			u.peers = append(u.peers, from)
		}
	}
	return nil
}

func (u *udpOutlet) Picture(packets [][]byte) error {
	u.picture = u.picture[:0]
	for _, p := range packets {
		u.picture = append(u.picture, p...)
	}
	for _, to := range u.peers {
		if err := u.send(packets, to); err != nil {
			return err
		}
		u.sent.bytes += len(u.picture)
		u.sent.packets += len(packets)
	}
	return nil
}

func (u *udpOutlet) send(packets [][]byte, to netip.AddrPort) error {
	if !u.batch {
		for _, p := range packets {
			if _, err := u.conn.WriteToUDPAddrPort(p, to); err != nil {
				return err
			}
			u.sent.calls++
		}
		return nil
	}
	for rest := u.picture; len(rest) > 0; {
		n := min(len(rest), mostSegments*fullPacket)
		if _, _, err := u.conn.WriteMsgUDPAddrPort(rest[:n], u.control, to); err != nil {
			return err
		}
		u.sent.calls++
		rest = rest[n:]
	}
	return nil
}

// mostSegments in one call: 21 KB, as much as the QUIC library sends in one.
const mostSegments = 16

func (u *udpOutlet) Sent() tally  { return u.sent }
func (u *udpOutlet) Close() error { return u.conn.Close() }
