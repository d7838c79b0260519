package engine

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"go.uber.org/zap"
)

// Login is what a client shows: the name in its certificate, and a secret that only the
// two ends of its connection know.
type Login struct{ Name, Secret string }

// gate decides who comes in. The engine calls Check from any goroutine.
type gate struct {
	machine func(tls.ConnectionState) error
	below   func(tls.ConnectionState) (Rights, error)
	local   string // the secret of this process
	log     *zap.Logger

	mu      sync.Mutex
	above   *natsd.Account // of the server of the moment
	clients map[Login]*admitted
	said    map[string]time.Time // refusals that the log has had
}

// admitted is a client whose stream is being carried.
type admitted struct {
	rights Rights
	times  int // streams with this login: one, and for a moment two
}

func newGate(cfg *Config, log *zap.Logger) *gate {
	return &gate{
		machine: cfg.Machine,
		below:   cfg.Below,
		local:   rand.Text(),
		log:     log,
		clients: make(map[Login]*admitted),
		said:    make(map[string]time.Time),
	}
}

// listened tells whether somebody at the level above listens to a subject.
func (g *gate) listened(subject string) bool {
	g.mu.Lock()
	above := g.above
	g.mu.Unlock()
	return subject != "" && above.SubscriptionInterest(subject)
}

// The names under which this process logs in: no node has such a one.
const (
	localBelow = "@below"
	localAbove = "@above"
)

// admit lets a client log in until leave is called.
func (g *gate) admit(l Login, r Rights) (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.clients[l]
	if a == nil {
		a = &admitted{rights: r}
		g.clients[l] = a
	}
	a.times++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if a.times--; a.times == 0 {
			delete(g.clients, l)
		}
	}
}

// Check implements the engine's question whether a connection may come in, and as what.
func (g *gate) Check(c natsd.ClientAuthentication) bool {
	var err error
	switch c.Kind() {
	case natsd.ROUTER:
		err = g.checkMachine(c)
	case natsd.LEAF:
		err = g.checkBelow(c)
	case natsd.CLIENT:
		err = g.checkClient(c)
	default:
		err = errors.New("no such connections are taken")
	}
	if err != nil {
		g.say(time.Now(), c.RemoteAddress(), err)
	}
	return err == nil
}

const (
	// sayAgain is after how long the same refusal is said again: who is refused tries every
	// half second. mostSaid bounds what is remembered of that.
	sayAgain = 10 * time.Minute
	mostSaid = 256
)

// say tells the log that somebody is refused, once.
func (g *gate) say(now time.Time, from net.Addr, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at, ok := g.said[err.Error()]; ok && now.Sub(at) < sayAgain {
		return
	}
	if len(g.said) >= mostSaid {
		clear(g.said)
	}
	g.said[err.Error()] = now
	g.log.Warn("a connection to the directory is refused", zap.Stringer("address", from), zap.Error(err))
}

// use takes over the server of the moment.
func (g *gate) use(above *natsd.Account) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.above = above
}

var errNoTLS = errors.New("it has shown no certificate")

func (g *gate) checkMachine(c natsd.ClientAuthentication) error {
	state := c.GetTLSConnectionState()
	if state == nil || g.machine == nil {
		return errNoTLS
	}
	return g.machine(*state)
}

func (g *gate) checkBelow(c natsd.ClientAuthentication) error {
	state := c.GetTLSConnectionState()
	if state == nil || g.below == nil {
		return errNoTLS
	}
	r, err := g.below(*state)
	if err == nil {
		c.RegisterUser(&natsd.User{Permissions: permissions(r)})
	}
	return err
}

func (g *gate) checkClient(c natsd.ClientAuthentication) error {
	if a := c.RemoteAddress(); a == nil || a.Network() != "pipe" { // InProcessConn gives pipes
		return errors.New("clients come in over links only")
	}
	o := c.GetOpts()
	l := Login{o.Username, o.Password}
	g.mu.Lock()
	a, above := g.clients[l], g.above
	g.mu.Unlock()
	switch l {
	case Login{localBelow, g.local}:
		c.RegisterUser(&natsd.User{Username: l.Name})
		return nil
	case Login{localAbove, g.local}:
		c.RegisterUser(&natsd.User{Username: l.Name, Account: above})
		return nil
	}
	if a == nil {
		return errors.New("node " + l.Name + " is not the one whose connection this is")
	}
	c.RegisterUser(&natsd.User{Username: l.Name, Permissions: permissions(a.rights)})
	return nil
}

// permissions are rights in the engine's terms. Who is asked may answer, once.
func permissions(r Rights) *natsd.Permissions {
	return &natsd.Permissions{
		Publish:   &natsd.SubjectPermission{Allow: r.Write},
		Subscribe: &natsd.SubjectPermission{Allow: r.Listen},
		Response:  &natsd.ResponsePermission{MaxMsgs: 1, Expires: dialTimeout},
	}
}
