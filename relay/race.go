package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

const (
	// nextAfter is how long an address is alone in the race before the next one is tried
	// beside it: the Connection Attempt Delay of RFC 8305 §5. A rural line answers
	// within 0.1 s.
	nextAfter = 250 * time.Millisecond
	// sixWithin is how long IPv4 waits for the name's IPv6 addresses: the Resolution
	// Delay of RFC 8305 §3.
	sixWithin = 50 * time.Millisecond
)

// callee is where to connect to, and as whom.
type callee struct {
	address   string      // HOST:PORT
	via       string      // an interface or a local address; empty: any
	last      netip.Addr  // what answered last time; the zero value: nothing yet
	tls       *tls.Config // of a dialler
	protocols []string    // at least one
}

// connect opens a connection to the first address of the callee that takes it. A name may
// have several, and some of them lead nowhere: a school whose router announces an IPv6
// that ends behind it is an ordinary thing. When none takes it, the error is of the one
// that said most.
func (n Network) connect(ctx context.Context, to callee) (*roq.Conn, error) {
	host, port, err := splitPort(ctx, to.address)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	found := n.find(ctx, host, port, familyOf(to.via))
	r := &race{
		contest: contest{last: to.last},
		results: make(chan attempted, 1),
		dial: func(ctx context.Context, at netip.AddrPort) (*roq.Conn, error) {
			socket, err := n.socket(to.via)
			if err != nil {
				return nil, err
			}
			return roq.Dial(ctx, net.UDPAddrFromAddrPort(at), roq.TransportConfig{
				PacketConn: socket, TLS: to.tls, Protocols: to.protocols,
			})
		},
	}
	conn, err := r.run(ctx, found)
	stop()
	r.drop()
	for range found { // what was still looked up; ends with ctx
	}
	return conn, err
}

// race tries addresses, each a while after the one before it, until one answers.
type race struct {
	contest contest
	dial    func(context.Context, netip.AddrPort) (*roq.Conn, error)
	results chan attempted // each attempt puts one in, and run or drop takes it
	running int
	failed  error // the one that said most
}

type attempted struct {
	conn *roq.Conn
	err  error
}

// run returns the first connection.
func (r *race) run(ctx context.Context, found <-chan answer) (*roq.Conn, error) {
	turn := time.NewTimer(nextAfter)
	defer turn.Stop()
	turn.Stop()                // until there is something to try
	begun, idle := false, true // idle: the turn has come and there was nothing to try
	for found != nil || r.running > 0 || r.contest.left() > 0 {
		select {
		case a, more := <-found:
			if !more {
				found = nil
			}
			r.fail(a.err)
			r.contest.add(a.list)
			switch {
			case r.contest.left() == 0 || !idle:
			case begun || found == nil || r.contest.best():
				turn.Reset(0)
			default:
				turn.Reset(sixWithin)
			}
		case <-turn.C:
			at, ok := r.contest.next()
			if idle = !ok; ok {
				begun = true
				r.try(ctx, at)
				turn.Reset(nextAfter)
			}
		case a := <-r.results:
			r.running--
			if a.err == nil {
				return a.conn, nil
			}
			r.fail(a.err)
			turn.Reset(0) // nobody waits for an address that has refused
		}
	}
	return nil, r.failed
}

func (r *race) try(ctx context.Context, at netip.AddrPort) {
	r.running++
	go func() { // ends with ctx, or when it knows
		conn, err := r.dial(ctx, at)
		r.results <- attempted{conn, err}
	}()
}

// drop waits for those that have not won, whose context has ended, and closes one that
// was as fast.
func (r *race) drop() {
	for ; r.running > 0; r.running-- {
		if a := <-r.results; a.err == nil {
			_ = a.conn.CloseWithError(roq.NoError, "another address was faster")
		}
	}
}

// fail keeps the error that says most.
func (r *race) fail(err error) {
	if err != nil && (r.failed == nil || telling(err) > telling(r.failed)) {
		r.failed = err
	}
}

// telling orders errors by how much they say: what a node has answered, that nobody
// answers, that a name has no such address.
func telling(err error) int {
	_, refusedByUs := errors.AsType[*identity.PeerError](err)
	_, refusedByThem := roq.RefusedBy(err)
	_, unknown := errors.AsType[*net.DNSError](err)
	_, none := errors.AsType[*net.AddrError](err)
	switch {
	case refusedByUs || refusedByThem || roq.Busy(err):
		return 2
	case unknown || none:
		return 0
	}
	return 1
}

// answer is what one question to the resolver has brought.
type answer struct {
	list []netip.AddrPort
	err  error
}

// find looks a name up anew at every dial: a parent may have moved. Both families are
// asked for at the same time and answered for themselves, because there are resolvers
// that never answer for IPv6. The channel is closed after the last answer, soon after ctx
// has ended at the latest.
func (n Network) find(ctx context.Context, host string, port uint16, families []string) <-chan answer {
	found := make(chan answer, len(families)) // room for all
	if ip, err := netip.ParseAddr(host); err == nil {
		found <- answer{list: []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), port)}}
		close(found)
		return found
	}
	lookUp := n.LookUp
	if lookUp == nil {
		lookUp = net.DefaultResolver.LookupNetIP
	}
	var all sync.WaitGroup
	for _, family := range families {
		all.Go(func() { // ends with ctx
			ips, err := lookUp(ctx, family, host)
			a := answer{err: err}
			for _, ip := range ips {
				a.list = append(a.list, netip.AddrPortFrom(ip.Unmap(), port))
			}
			found <- a
		})
	}
	go func() { all.Wait(); close(found) }() // ends with those
	return found
}

// familyOf is what a local address can reach: only its own family.
func familyOf(via string) []string {
	ip, err := netip.ParseAddr(via)
	switch {
	case err != nil:
		return []string{"ip6", "ip4"}
	case ip.Unmap().Is4():
		return []string{"ip4"}
	}
	return []string{"ip6"}
}

func splitPort(ctx context.Context, address string) (host string, port uint16, err error) {
	host, name, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	p, err := net.DefaultResolver.LookupPort(ctx, "udp", name)
	return host, uint16(p), err //nolint:gosec // a port
}
