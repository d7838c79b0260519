package netem

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"time"

	"go.uber.org/zap"
)

// ErrRouter is wrapped by the errors of CanRoute: this machine, or whoever runs the
// program, has no network namespaces to offer.
var ErrRouter = errors.New("no router between network namespaces")

// CheckName tells what is wrong with a RouterConfig's name.
func CheckName(n string) error {
	if !name.MatchString(n) {
		return fmt.Errorf("name %q: small letters, digits and hyphens, 40 at most", n)
	}
	return nil
}

// ErrTaken is wrapped by the error for a name that a living Router has.
var ErrTaken = errors.New("taken: give this one another name")

// RouterConfig says what lies between the two namespaces of a Router.
type RouterConfig struct {
	// Down is the link from near to far, the way of the media; Up the way back.
	Up, Down Profile
	// Seed is where all chance comes from.
	Seed uint64
	// Name is the beginning of the namespaces' names, NAME-near and NAME-far: small
	// letters, digits and hyphens, 40 at most. Empty = classrelay.
	Name string
}

// Router carries all IPv4, TCP too, between two network namespaces of its own
// through an emulated link. It needs root and Linux. The near namespace is where the
// hub would be, the far one where the branch would be. Make it with NewRouter, start
// it with Run, remove it with Close; all methods are safe for concurrent use.
//
// Sizes are those of IP packets, as on a real line. Arrival is when a packet was
// read from the kernel: unlike the Relay's, the Router's Lateness does not hold the
// time a packet waited for its reader.
type Router struct {
	line *pump
	pair *pair
}

// name is what a Router may be called: the kernel's limit for a file name is far away.
var name = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// NewRouter makes the namespaces NAME-near and NAME-far with a TUN device in each, and
// removes what a killed run of the same name has left. It fails while another one of
// the same name is alive. The links start now.
func NewRouter(cfg RouterConfig, log *zap.Logger) (*Router, error) {
	line, err := newPump(cfg.Up, cfg.Down, cfg.Seed)
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	pair, err := newPair(cfg.Name, log)
	if err != nil {
		return nil, err
	}
	pair.join(line)
	return &Router{line: line, pair: pair}, nil
}

// Near is the namespace of the hub's side.
func (r *Router) Near() Namespace { return r.pair.near.Namespace }

// Far is the namespace of the branch's side.
func (r *Router) Far() Namespace { return r.pair.far.Namespace }

// Run carries packets until ctx ends. A Router runs once.
func (r *Router) Run(ctx context.Context) error {
	r.line.run(ctx)
	return nil
}

// Stats returns a copy of the counters. What the kernel dropped because the Router
// did not read in time counts as Overrun.
func (r *Router) Stats() Stats {
	s := r.line.stats()
	s.Overrun += r.pair.dropped()
	return s
}

// Close removes the namespaces; call it when Run has returned, or never ran. A
// process that is still in one keeps it alive, without a name.
func (r *Router) Close() error { return r.pair.close() }

// Namespace is one of the two network namespaces of a Router.
type Namespace struct {
	// Name is that under which `ip netns` knows it.
	Name string
	// Address is the one address in there, beside the loopback's.
	Address netip.Addr
}

// The addresses are the same in every pair: its namespaces know no other.
var (
	nearAddress = netip.AddrFrom4([4]byte{10, 77, 0, 1}) //nolint:gochecknoglobals // a constant
	farAddress  = netip.AddrFrom4([4]byte{10, 77, 0, 2}) //nolint:gochecknoglobals // a constant
)

// pair is two namespaces with a TUN device each. What leaves one comes into the
// other by way of a pump.
type pair struct {
	log       *zap.Logger
	near, far end
	unlock    func() error // gives up the name
}

// join puts the devices at the two ends of a line, which closes them when it ends.
func (p *pair) join(line *pump) {
	p.near.tun.took = enter(line, false, p.far.tun.toPeer)
	p.far.tun.took = enter(line, true, p.near.tun.toPeer)
	line.ports.add(p.near.tun)
	line.ports.add(p.far.tun)
}

// enter puts what leaves a namespace on the line.
func enter(line *pump, up bool, send func(packet []byte)) took {
	return func(packet []byte, at time.Time, _ netip.AddrPort) {
		if packet[0]>>4 != 4 { // IPv6 looks for routers that are not there
			return
		}
		// The link adds the headers again.
		size := max(0, len(packet)-WireOverhead)
		line.push(up, at, size, packet, send)
	}
}
