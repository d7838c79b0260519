package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// Machines that join the county and nodes that renew their certificate dial the port of
// the media, with protocols of their own. So a hub needs one open port.

// accepted are the protocols that the listener takes: those of enrolment only where the
// county's CA is.
func (n *Node) accepted() []string {
	if n.member.server == nil {
		return protocols()
	}
	return append(protocols(), enrol.ProtocolJoin, enrol.ProtocolRenew)
}

// enrolTLS is the configuration for a dialler that wants a certificate, and nil for any
// other. One that offers both protocols wants a link.
func (n *Node) enrolTLS(hello *tls.ClientHelloInfo) *tls.Config {
	offers := func(p string) bool { return slices.Contains(hello.SupportedProtos, p) }
	var c *tls.Config
	switch {
	case n.member.server == nil || slices.ContainsFunc(protocols(), offers):
		return nil
	case offers(enrol.ProtocolRenew):
		c = n.id.RenewServerTLS()
		c.NextProtos = []string{enrol.ProtocolRenew}
		c.VerifyConnection = n.sayRefused(hello.Conn.RemoteAddr(), c.VerifyConnection)
	case offers(enrol.ProtocolJoin):
		c = n.id.JoinServerTLS()
		c.NextProtos = []string{enrol.ProtocolJoin}
	}
	return c
}

// Dial opens a connection to another node for something else than a link: to join, or to
// renew a certificate. Its errors are for operators.
func (n Network) Dial(ctx context.Context, address, protocol string, client *tls.Config) (*roq.Conn, error) {
	dialling, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, err := n.connect(dialling, callee{address: address, tls: client, protocols: []string{protocol}})
	if err == nil {
		return conn, nil
	}
	switch refused, is := errors.AsType[*identity.PeerError](err); {
	case is:
		return nil, fmt.Errorf("%s: %w", address, refused)
	case roq.Busy(err):
		return nil, fmt.Errorf("the node at %s has too many visitors at the moment", address)
	case ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || roq.Unanswered(err)):
		return nil, n.examine(ctx, address)
	}
	return nil, err
}

// renewers are the nodes that can be asked for a new certificate now.
func (n *Node) renewers() (list []enrol.Hub) {
	for _, address := range n.cfg.County.Renew {
		list = append(list, enrol.Hub{Address: address})
	}
	if len(list) > 0 {
		return list
	}
	for _, p := range n.duties.config().Parents {
		list = append(list, enrol.Hub{Address: p.Address, Node: p.Node})
	}
	return list
}
