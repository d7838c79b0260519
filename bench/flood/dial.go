package flood

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// Dialers shake hands with a certificate of another county, from many addresses. Run
// once.
type Dialers struct {
	Target string // HOST:PORT
	Rate   int    // tries a second
	Dir    string // an empty folder for their county

	tries atomic.Int64
}

// atATime bounds how many are at it: who is told nothing waits for some seconds.
const atATime = 1000

// Tries is how many handshakes were begun.
func (d *Dialers) Tries() int64 { return d.tries.Load() }

// Run dials until ctx ends.
func (d *Dialers) Run(ctx context.Context) error {
	if err := identity.InitCA(d.Dir); err != nil {
		return err
	}
	const name = "stranger"
	if err := identity.Issue(d.Dir, name); err != nil {
		return err
	}
	id, err := identity.Load(filepath.Join(d.Dir, name))
	if err != nil {
		return err
	}
	addr, err := net.ResolveUDPAddr("udp", d.Target)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	defer all.Wait()
	places := make(chan struct{}, atATime) // full: the next one waits
	pace := rate.NewLimiter(rate.Limit(d.Rate), 1)
	for pace.Wait(ctx) == nil {
		n := d.tries.Add(1)
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		all.Go(func() { // ends within five seconds, or with ctx
			defer func() { <-places }()
			d.dial(ctx, addr, id, n)
		})
	}
	return nil
}

// dial tries once. What it is told does not matter.
func (d *Dialers) dial(ctx context.Context, addr net.Addr, id *identity.Identity, n int64) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	socket, err := listen(ctx, n)
	if err != nil {
		return
	}
	client := id.ClientTLS("127.0.0.1", "")
	client.VerifyConnection = nil // it does not care whom it meets
	conn, err := roq.Dial(ctx, addr, roq.TransportConfig{
		PacketConn: socket, TLS: client, Protocols: []string{roq.ProtocolRelay},
	})
	if err != nil {
		_ = socket.Close() // it is closed already, mostly
		return
	}
	select { // TLS tells a dialler late that it is refused
	case <-conn.Context().Done():
	case <-ctx.Done():
	}
	_ = conn.CloseWithError(roq.NoError, "") // it is closed already, mostly
}

// listen opens the socket of the n-th try: on Linux all of 127.0.0.0/8 is this machine,
// so that the tries come from sixty thousand addresses.
func listen(ctx context.Context, n int64) (net.PacketConn, error) {
	lc := &net.ListenConfig{}
	from := netip.AddrFrom4([4]byte{127, 64, byte(n >> 8), byte(n)})
	if c, err := lc.ListenPacket(ctx, "udp", net.JoinHostPort(from.String(), "0")); err == nil {
		return c, nil
	}
	return lc.ListenPacket(ctx, "udp", "127.0.0.1:0")
}
