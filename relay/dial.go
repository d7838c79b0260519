package relay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

const (
	// dialWithin bounds one attempt: a handshake takes three round trips, and
	// the narrow packets are tried after two seconds.
	dialWithin = 5 * time.Second
	// redialMin and redialMax bound the pause between attempts. With the most
	// of 1 s a school is back within two seconds of its county; the jitter
	// spreads 500 schools that return at once.
	redialMin = 200 * time.Millisecond
	redialMax = time.Second
)

// errNoAnswer is a dial that nobody answered.
var errNoAnswer = errors.New("nothing answers")

// dialer keeps one link to a parent up until its context ends.
type dialer struct {
	parent config.Parent
	node   *Node
	rng    *rand.Rand
	log    *zap.Logger
	peer   string     // the node that was last found there; empty before
	last   netip.Addr // and where; the zero value before
	anew   chan *link // a link of this dialler's that seems stuck; full: it will see
}

// errTakenOut ends a dialer for good.
var errTakenOut = errors.New("the configuration has this parent no more")

// Run dials, and dials again when the link has ended. It returns when ctx ends.
func (d *dialer) Run(ctx context.Context) {
	pause, said := redialMin, ""
	for {
		lasted, err := d.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		if lasted > dialWithin {
			pause, said = redialMin, ""
		}
		if text := err.Error(); text != said { // the same reason is said once, not every second
			d.log.Warn("no link to the parent; trying on", zap.Error(err))
			d.node.noLink(d.parent, err, lasted <= dialWithin) // a link that lasted has said that it ended
			said = text
		}
		select {
		case <-time.After(pause + time.Duration(d.rng.Int64N(int64(pause)/2))):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, redialMax)
	}
}

// attempt makes a link and carries it until it ends. It tells how long it lasted.
func (d *dialer) attempt(ctx context.Context) (lasted time.Duration, err error) {
	conn, err := d.dial(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0, fmt.Errorf("%w at %s (UDP): is the node there up, and the port open?", errNoAnswer, d.parent.Address)
	case err != nil:
		return 0, d.inWords(err)
	}
	if name, err := identity.PeerName(conn.TLS()); err == nil { // carry ends a link to nobody
		d.peer = name
	}
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		d.last = at.Addr().Unmap()
	}
	began := time.Now()
	err = d.keep(ctx, conn)
	return time.Since(began), d.inWords(err) // TLS tells a dialler late that it is refused
}

func (d *dialer) dial(ctx context.Context) (*roq.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	host, _, err := net.SplitHostPort(d.parent.Address)
	if err != nil {
		return nil, err
	}
	return d.node.net.connect(ctx, callee{
		address:   d.parent.Address,
		via:       d.parent.Via,
		last:      d.last,
		tls:       d.node.id.ClientTLS(host, d.parent.Node),
		protocols: d.protocols(),
	})
}

// protocols are what this dialler speaks: over one of several lines only what a parent
// knows that can tell them apart.
func (d *dialer) protocols() []string {
	if d.parent.Via != "" {
		return []string{roq.ProtocolLine}
	}
	return []string{roq.ProtocolRelay}
}

// downlink says how a link of this node sends.
func (n *Node) downlink(most config.Rate) fanout.DownlinkConfig {
	return fanout.DownlinkConfig{
		MaxRate:   int64(most),
		QueueAge:  time.Duration(n.cfg.Links.QueueAge),
		Allocator: &n.egress,
	}
}

// carry runs a link over a connection until it ends, and says so in the log.
func (n *Node) carry(ctx context.Context, conn *roq.Conn, way leg, cfg fanout.DownlinkConfig) error {
	peer, err := identity.PeerName(conn.TLS())
	if err != nil {
		_ = conn.CloseWithError(roq.GeneralError, err.Error())
		return err
	}
	if peer == n.cfg.Node {
		err := fmt.Errorf("the node at %s has this node's own name %q: give each its own certificate", conn.RemoteAddr(),
			peer)
		n.turnAway(conn, peer, way, err)
		return err
	}
	done, err := n.member.track(conn)
	if err != nil {
		n.turnAway(conn, peer, way, err)
		return err
	}
	defer done()
	way.farEnd = n.farEnd(conn, way.parent != "")
	l, err := newLink(n.table, conn, peer, way, cfg, n.version, n.log)
	if err != nil {
		_ = conn.CloseWithError(roq.InternalError, err.Error())
		return err
	}
	err = l.Run(ctx)
	if l.up {
		l.log.Info("link down", zap.Error(err))
	}
	if err == nil {
		err = fmt.Errorf("the link to %s has ended", peer)
	}
	return err
}
