package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/doctor"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// Reach dials a parent at each of its addresses, one after the other, and tells what came
// of it. It carries nothing and leaves at once; a node that runs under the same identity
// keeps its links. id may be nil, then the name is looked up only.
func Reach(ctx context.Context, id *identity.Identity, parent config.Parent) doctor.Parent {
	out := doctor.Parent{Address: parent.Address}
	began := time.Now()
	addresses, err := lookUp(ctx, parent.Address)
	out.Resolved = time.Since(began)
	if err != nil {
		out.ResolveErr = err.Error()
		return out
	}
	for _, at := range addresses {
		w := doctor.Way{Address: at, MTU: mtuTo(at)}
		if id != nil {
			began := time.Now()
			if err := knock(ctx, id, parent, at); err != nil {
				w.Err = err.Error()
			}
			w.Took = time.Since(began)
		}
		out.Ways = append(out.Ways, w)
	}
	return out
}

// lookUp finds all addresses of a parent.
func lookUp(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	p, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	list := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		list = append(list, netip.AddrPortFrom(ip.Unmap(), uint16(p))) //nolint:gosec // a port
	}
	return list, nil
}

// knock makes a connection to one address and closes it.
func knock(ctx context.Context, id *identity.Identity, parent config.Parent, at netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	host, _, err := net.SplitHostPort(parent.Address)
	if err != nil {
		return err
	}
	socket, err := Network{}.listenPacket()("udp", ":0")
	if err != nil {
		return err
	}
	conn, err := roq.Dial(ctx, net.UDPAddrFromAddrPort(at), roq.TransportConfig{
		PacketConn: socket, TLS: id.ClientTLS(host, parent.Node), Protocols: protocols(),
	})
	if err != nil {
		_ = socket.Close()
		return inWordsOf(err)
	}
	_ = conn.CloseWithError(roq.NoError, "only knocking")
	return nil
}

// inWordsOf says why a handshake failed.
func inWordsOf(err error) error {
	if refused, ok := errors.AsType[*identity.PeerError](err); ok {
		return refused
	}
	if alert, ok := roq.RefusedBy(err); ok {
		return fmt.Errorf("the node there refuses this one's certificate (%w): its log says why", alert)
	}
	if errors.Is(err, context.DeadlineExceeded) || roq.Unanswered(err) {
		return errors.New("nothing answers over UDP")
	}
	return err
}
