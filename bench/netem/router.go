package netem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"sync"
	"time"

	"go.uber.org/zap"
)

// ErrRouter is wrapped by the errors of CanRoute: this machine, or whoever runs the
// program, has no network namespaces to offer.
var ErrRouter = errors.New("no router between network namespaces")

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
	return &Router{line: line, pair: pair}, nil
}

// Near is the namespace of the hub's side.
func (r *Router) Near() Namespace { return r.pair.near.Namespace }

// Far is the namespace of the branch's side.
func (r *Router) Far() Namespace { return r.pair.far.Namespace }

// Run carries packets until ctx ends. A Router runs once.
func (r *Router) Run(ctx context.Context) error {
	var readers sync.WaitGroup
	r.pair.read(&readers, r.line)
	r.line.run(ctx)
	r.pair.hangUp()
	readers.Wait()
	return nil
}

// SetProfiles changes both directions under way; see core.Link.SetProfile.
func (r *Router) SetProfiles(up, down Profile) error { return r.line.setProfiles(up, down) }

// SetDown cuts both directions or mends them.
func (r *Router) SetDown(down bool) { r.line.setDown(down) }

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
	once      sync.Once
}

// read starts a reader for each device; they end by hangUp.
func (p *pair) read(readers *sync.WaitGroup, line *pump) {
	readers.Go(func() { p.readEnd(&p.near, &p.far, line, false) }) // ends by hangUp
	readers.Go(func() { p.readEnd(&p.far, &p.near, line, true) })  // the same
}

// largestPacket is what a TUN device hands over at once: 16 bits of length (RFC 791).
const largestPacket = 65_535

// readEnd takes packets that leave a namespace until its device is closed.
func (p *pair) readEnd(from, to *end, line *pump, up bool) {
	buf := make([]byte, largestPacket)
	// Fails when the device is closed; so does reading, soon.
	send := func(packet []byte) { _, _ = to.tun.Write(packet) }
	for {
		n, err := from.tun.Read(buf)
		if err != nil {
			return
		}
		if n == 0 || buf[0]>>4 != 4 { // IPv6 looks for routers that are not there
			continue
		}
		line.enter(entering{
			at:       time.Now(),
			size:     max(0, n-WireOverhead), // the link adds it again
			up:       up,
			crossing: crossing{send, bytes.Clone(buf[:n])},
		})
	}
}

// hangUp closes the devices, which ends their readers; it may be called twice.
func (p *pair) hangUp() {
	p.once.Do(func() {
		p.near.tun.Close()
		p.far.tun.Close()
	})
}
