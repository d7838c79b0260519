package relay

import (
	"context"
	"errors"
	"fmt"
	"net"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/probe"
	"github.com/classrelay/classrelay/roq"
)

// Prober measures the line from here to a node as it runs. The zero value of
// every field but Identity and Address works.
type Prober struct {
	// Identity is whom the node shall take us for. Required. A node that runs under
	// it keeps its links.
	Identity *identity.Identity
	// Address is HOST:PORT of the node's listen.quic. Required.
	Address string
	// Node is the name that it must have. Default: any node of the county.
	Node string
	// Config says what to measure.
	Config probe.Config
	// Network is how the node is reached. Default: the operating system.
	Network Network
	// Version of the program, told to the node. Default: "dev".
	Version string
	// Watch is told every second what is known. Default: nobody.
	Watch func(probe.Interval)
}

// Run measures until all is known. When ctx ends it returns what there is so far;
// before there is anything, ctx's error. When nothing answers, an
// *UnreachableError says what does.
func (p *Prober) Run(ctx context.Context, log *zap.Logger) (*probe.Result, error) {
	dialling, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, err := p.dial(dialling)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, context.DeadlineExceeded) || roq.Unanswered(err) {
			return nil, p.Network.examine(ctx, p.Address)
		}
		return nil, err
	}
	peer, err := identity.PeerName(conn.TLS())
	if err != nil {
		_ = conn.CloseWithError(roq.GeneralError, err.Error())
		return nil, err
	}
	if peer == p.Identity.Name() {
		err := fmt.Errorf("the node at %s has the name of this identity, %q: probe with that of the node at this end",
			p.Address, peer)
		_ = conn.CloseWithError(roq.GeneralError, err.Error())
		return nil, err
	}
	version := p.Version
	if version == "" {
		version = "dev"
	}
	return probe.Run(ctx, conn, peer, version, p.Config, p.Watch, log)
}

func (p *Prober) dial(ctx context.Context) (*roq.Conn, error) {
	host, _, err := net.SplitHostPort(p.Address)
	if err != nil {
		return nil, err
	}
	return p.Network.connect(ctx, callee{
		address:   p.Address,
		tls:       p.Identity.ClientTLS(host, p.Node),
		protocols: []string{roq.ProtocolRelay},
	})
}
