package roq

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apernet/quic-go"
	"golang.org/x/time/rate"

	"github.com/classrelay/classrelay/internal/perhost"
)

const (
	// handshakesPerCore is how many handshakes a second a listener begins for each core.
	// One costs it about a millisecond, so they take a twentieth of the machine at most,
	// and the lesson beside them has the rest.
	handshakesPerCore = 50
	// burst is how many seconds' worth may come at once, when all is quiet: the schools
	// of a county after a power cut.
	burst = 2
	// wary is for how long all have to show where they are, once too many have come.
	wary = 5 * time.Second
	// badHandshakes is how many failed handshakes a host has in hand, and badEvery after
	// how long it gets one back: a node with a certificate that is not taken dials once a
	// second and goes on being told so.
	badHandshakes = 10
	badEvery      = time.Second
	// badHosts bounds how many are remembered.
	badHosts = 1024
)

// errTurnedAway ends an attempt before it costs anything. The dialler is told
// CONNECTION_REFUSED (RFC 9000 §20.1) and comes again.
var errTurnedAway = errors.New("too many handshakes")

// gate decides which attempts to connect become handshakes.
//
// Anybody can send first packets with any address on them. While few come each gets a
// handshake at once. When many come, those who have not shown that they are where they
// say are told to come back with a token that only they receive (Retry, RFC 9000 §8.1.2),
// which costs us one small packet and no memory. Of those who have, hosts whose
// handshakes fail are held to one a second, and all together to what the cores can do.
// Safe for concurrent use.
type gate struct {
	mu        sync.Mutex
	strangers *rate.Limiter // first packets without a token, while all is quiet
	begun     *rate.Limiter // handshakes
	until     time.Time     // wary until then
	bad       perhost.Buckets
	stats     GateStats
}

// GateStats counts attempts to connect.
type GateStats struct {
	Begun      uint64 // handshakes
	Failed     uint64 // of those
	Retried    uint64 // told to show where they are first
	TurnedAway uint64 // refused without a handshake
}

func newGate(cores int) *gate {
	most := rate.Limit(handshakesPerCore * cores)
	return &gate{
		strangers: rate.NewLimiter(most/2, burst*int(most)/2),
		begun:     rate.NewLimiter(most, burst*int(most)),
		bad:       perhost.Buckets{Burst: badHandshakes, Every: badEvery, Most: badHosts},
	}
}

// retry tells whether a stranger has to show where it is.
func (g *gate) retry(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.strangers.AllowN(now, 1) {
		g.until = now.Add(wary)
	}
	if now.Before(g.until) {
		g.stats.Retried++
		return true
	}
	return false
}

// begin tells whether an attempt becomes a handshake.
func (g *gate) begin(now time.Time, host netip.Addr, shown bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if shown && !g.bad.Left(now, host) || !g.begun.AllowN(now, 1) {
		g.stats.TurnedAway++
		return false
	}
	g.stats.Begun++
	return true
}

// failed notes a handshake that has come to nothing. One whose host was not shown counts
// against nobody.
func (g *gate) failed(now time.Time, host netip.Addr, shown bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Failed++
	if shown {
		g.bad.Take(now, host)
	}
}

func (g *gate) counts() GateStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stats
}

// attempt is a handshake from its first packet to its end.
type attempt struct {
	gate  *gate
	host  netip.Addr
	shown bool
	done  atomic.Bool // it has come to something
}

type attemptKey struct{}

// attemptOf is nil for a connection that was dialled.
func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// guard puts the gate before a listener.
func (g *gate) guard(tr *quic.Transport) {
	tr.VerifySourceAddress = func(net.Addr) bool { return g.retry(time.Now()) }
	tr.ConnContext = func(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
		a := &attempt{gate: g, host: addrPort(info.RemoteAddr).Addr(), shown: info.AddrVerified}
		if !g.begin(time.Now(), a.host, a.shown) {
			return nil, errTurnedAway
		}
		// Runs once, when the handshake has failed or the connection has ended.
		context.AfterFunc(ctx, func() {
			if !a.done.Load() {
				g.failed(time.Now(), a.host, a.shown)
			}
		})
		return context.WithValue(ctx, attemptKey{}, a), nil
	}
}

// cores is what the scheduler may use.
func cores() int { return runtime.GOMAXPROCS(0) }

// Busy tells whether a Dial failed because the listener has too many handshakes at the
// moment, or has had too many bad ones from this host.
func Busy(err error) bool {
	var e *quic.TransportError
	return errors.As(err, &e) && e.Remote && e.ErrorCode == quic.ConnectionRefused
}
