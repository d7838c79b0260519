package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// A handshake that fails is a number to the other side. So each side says for itself,
// in its own log, who was refused by whom, and what to do.

// protocols are what nodes speak to each other.
func protocols() []string { return []string{roq.ProtocolRelay, roq.ProtocolLine} }

// noCommonProtocol is the alert no_application_protocol (RFC 7301 §3.2).
const noCommonProtocol = 120

// inWords says why a dial failed where QUIC has a number.
func (d *dialer) inWords(err error) error {
	alert, ok := roq.RefusedBy(err)
	if r := d.node.member.renewer; r != nil && (ok || errors.Is(err, identity.ErrExpired)) {
		r.Hurry() // the CA knows what time it is, and can give a certificate that is taken
	}
	if roq.Busy(err) {
		return fmt.Errorf("the node at %s has more visitors than it can let in at once; coming again", d.parent.Address)
	}
	if refused, ok := errors.AsType[*identity.PeerError](err); ok {
		return refused // without the number in front
	}
	if ok && alert == noCommonProtocol && d.parent.Via != "" {
		return fmt.Errorf("the node at %s cannot tell several lines of one node apart: update it, or leave out via",
			d.parent.Address)
	}
	if ok {
		id := d.node.id
		return fmt.Errorf("the node at %s refuses this one, %s, whose certificate is of the county CA %s "+
			"and good until %s (%w): its log says why",
			d.parent.Address, id.Name(), id.Issuer(), id.NotAfter().UTC().Format(time.DateOnly), alert)
	}
	return err
}

const (
	// sayAgain is after how long the same refusal is said again.
	sayAgain = 10 * time.Minute
	// mostSaid bounds what is remembered of refusals, for strangers come in any
	// number: beyond it all is forgotten and may be said once more.
	mostSaid = 256
	// sayBurst refusals are said at once and sayMost a second, whoever they are of: names
	// and addresses can be made up faster than anybody reads. The rest is summed up.
	sayBurst = 30
	sayMost  = 0.2
	sumEvery = time.Minute
	// brokenOffWithin is less than what a handshake lasts that hears nothing more: a
	// peer that was cut off has refused nobody.
	brokenOffWithin = 4 * time.Second
)

// refusals remembers what has been said. Any goroutine may use it; the zero value is
// ready.
type refusals struct {
	mu     sync.Mutex
	said   map[string]refusal
	budget *rate.Limiter // of all that is said
	unsaid int           // for want of budget
	summed time.Time     // when unsaid was told last
}

type refusal struct {
	times int
	at    time.Time // when it was said; zero = not yet
}

// first tells whether something is to be said now: when it has happened so many times,
// and again after a long time.
func (r *refusals) first(now time.Time, what string, times int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said == nil || len(r.said) >= mostSaid {
		r.said = make(map[string]refusal)
	}
	if r.budget == nil {
		r.budget = rate.NewLimiter(sayMost, sayBurst)
	}
	was := r.said[what]
	was.times++
	say := was.times >= times && (was.at.IsZero() || now.Sub(was.at) >= sayAgain)
	if say && !r.budget.AllowN(now, 1) {
		r.unsaid++
		say = false
	}
	if say {
		was.at = now
	}
	r.said[what] = was
	return say
}

// takeUnsaid is how many refusals there was no budget for, once in a while.
func (r *refusals) takeUnsaid(now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unsaid == 0 || now.Sub(r.summed) < sumEvery {
		return 0
	}
	unsaid := r.unsaid
	r.unsaid, r.summed = 0, now
	return unsaid
}

// serverTLS is the identity's, with a word in the log on each dialler that is refused
// or refuses.
func (n *Node) serverTLS() *tls.Config {
	server := n.id.ServerTLS()
	server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if c := n.enrolTLS(hello); c != nil {
			return c, nil
		}
		c := n.id.ServerTLS()
		c.NextProtos = protocols()
		from, began := hello.Conn.RemoteAddr(), time.Now()
		verify := n.sayRefused(from, c.VerifyConnection)
		var heard atomic.Bool // the dialler has said who it is
		c.VerifyConnection = func(s tls.ConnectionState) error {
			heard.Store(true)
			return verify(s)
		}
		// Runs once, when the handshake is over, well or badly.
		context.AfterFunc(hello.Context(), func() {
			if now := time.Now(); !heard.Load() && now.Sub(began) < brokenOffWithin {
				n.brokenOff(now, from)
			}
		})
		return c, nil
	}
	return server
}

// sayRefused is verify, with a word on each dialler that it refuses.
func (n *Node) sayRefused(from net.Addr, verify func(tls.ConnectionState) error) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		err := verify(s)
		if err == nil {
			return nil
		}
		name, _ := identity.PeerName(s) // empty: it is in err, too
		if n.refuse(time.Now(), name, "handshake.refuse", err.Error(), from) {
			n.log.Warn("node refused", zap.Stringer("address", from), zap.Error(err))
			n.table.note(console.Change{Code: console.NodeRefused, Why: hostOf(from) + ": " + err.Error()})
		}
		return err
	}
}

// refuser writes a refusal down, or counts it, and tells whether it is to be said, too:
// what is refused again and again is said once in a while.
type refuser func(now time.Time, node, action, why string, from net.Addr) (say bool)

func (n *Node) refuse(now time.Time, node, action, why string, from net.Addr) bool {
	n.member.refuse(now, node, action, why, from)
	return n.refused.first(now, action+" "+node+" at "+hostOf(from), 1)
}

// turnAway ends a connection whose certificate is good, but not for a link to this node.
// Who has dialled says so for himself.
func (n *Node) turnAway(conn *roq.Conn, peer string, way leg, err error) {
	if way.parent == "" && n.refuse(time.Now(), peer, "link.refuse", err.Error(), conn.RemoteAddr()) {
		n.log.Warn("node refused", zap.Stringer("address", conn.RemoteAddr()), zap.Error(err))
		n.table.note(console.Change{Code: console.NodeRefused, Why: hostOf(conn.RemoteAddr()) + ": " + err.Error()})
	}
	_ = conn.CloseWithError(roq.GeneralError, err.Error()) // it may be closed already
}

// brokenOff says that a dialler has seen our certificate and gone without showing its
// own. Once may be a node that was stopped at that moment; one that refuses us comes
// back every second.
func (n *Node) brokenOff(now time.Time, from net.Addr) {
	if n.refused.first(now, "broken off by "+hostOf(from), 2) {
		n.log.Warn("a node dials and refuses this one: it does not trust the certificate here, its log says why; "+
			"if it is of this county, issue its certificate with the CA named here",
			zap.Stringer("address", from), zap.String("county_ca", n.id.Issuer()))
		n.table.note(console.Change{Code: console.RefusedByNode, Why: hostOf(from)})
	}
}

// hostOf leaves out the port, which is another one with each dial.
func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
