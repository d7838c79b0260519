package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/audit"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
	"github.com/classrelay/classrelay/roq"
)

const (
	// lookEvery is how often the node looks whether a certificate was revoked: the list
	// is changed by a command beside it, and the machine must be out within ten seconds.
	lookEvery = 2 * time.Second
	// audits holds refusals that wait to be written down, which takes a sync of the disk.
	// Full: they are counted.
	audits = 64
	// clockAgrees is how far this machine's clock may be from a parent's without a word,
	// and clockAgain when it is said again.
	clockAgrees = time.Minute
	clockAgain  = time.Hour
)

// member is the node's part in its county beside the media: it keeps its own certificate
// good, lets machines in where the CA is, and shuts revoked ones out.
type member struct {
	node    *Node
	store   *store.Store  // nil: this node keeps none
	server  *enrol.Server // nil: joining is elsewhere
	renewer *enrol.Renewer
	log     *zap.Logger
	audits  chan store.Event

	mu      sync.Mutex
	conns   map[*roq.Conn]struct{} // links, probes and what may become one
	serials []string               // that were revoked, as the store has said last
	tally   audit.Tally            // of refusals
	unheard int                    // refusals that found no room in audits
	said    time.Time              // of the clock
	failing bool                   // the store cannot be read
	knocks  knocks                 // of strangers, at listen.quic
}

// who is what the certificate and the configuration together say of the node. They must
// not contradict each other.
func who(cfg *config.Config, id *identity.Identity) (identity.Member, error) {
	if id == nil {
		return identity.Member{Node: cfg.Node}, nil
	}
	m := id.Member()
	if c := cfg.County.Name; c != "" && m.County != "" && c != m.County {
		return m, fmt.Errorf("county.name: it says %s, and the certificate in %s is of county %s",
			c, cfg.Identity, m.County)
	}
	if r := cfg.County.Role; r != "" && m.Role != "" && r != m.Role {
		return m, fmt.Errorf("county.role: it says %s, and the certificate in %s is that of a %s", r, cfg.Identity, m.Role)
	}
	m.County, m.Role = cmp.Or(m.County, cfg.County.Name), cmp.Or(m.Role, cfg.County.Role)
	return m, nil
}

func newMember(n *Node) *member {
	return &member{node: n, log: n.log, audits: make(chan store.Event, audits), conns: make(map[*roq.Conn]struct{})}
}

// open opens the state folder and the CA, where the configuration has them.
func (m *member) open() error {
	n := m.node
	if n.id == nil {
		return nil
	}
	if n.cfg.County.In() {
		s, err := openState(n.cfg.County.State, n.who)
		switch {
		case err == nil:
			m.store = s
		case n.who.Level() != identity.School:
			return fmt.Errorf("county.state: %w", err)
		default:
			n.log.Error("county.state: what the county plans for this school cannot be kept; its own file is in force",
				zap.Error(err))
		}
	}
	if m.store != nil && m.store.Damaged() != "" {
		at, saved := m.store.Damaged(), m.store.Saved()
		n.log.Error("the state was damaged and was moved aside; a new one begins", zap.String("to", at),
			zap.String("saved", saved))
		n.table.note(console.Change{Code: console.StateDamaged, Why: "it is kept as " + at + "; " + saved})
	}
	signer, err := m.signer()
	if err != nil {
		return errors.Join(err, m.close())
	}
	m.renewer = enrol.NewRenewer(n.id, signer, m.alarm, n.log)
	m.look(context.Background())
	return nil
}

// openState opens the store of a node. That of a school keeps the school's slice.
func openState(dir string, who identity.Member) (*store.Store, error) {
	s, err := store.Open(store.In(dir))
	if err != nil || who.Level() != identity.School {
		return s, err
	}
	if err := s.BelongTo(context.Background(), who.School); err != nil { // at the start there is nobody to hurry us
		return nil, errors.Join(fmt.Errorf("%w; if the machine has moved to another school, move %s away", err, dir),
			s.Close())
	}
	return s, nil
}

// signer is who renews this node's certificate: the CA here, a hub, or nobody but people.
func (m *member) signer() (enrol.Signer, error) {
	n := m.node
	if n.cfg.County.CA != "" && m.store != nil {
		ca, err := identity.OpenAuthority(n.cfg.County.CA)
		if err != nil {
			return nil, fmt.Errorf("county.ca: %w", err)
		}
		if !ca.Certificate().Equal(n.id.CA()) {
			return nil, fmt.Errorf("county.ca: the CA in %s has not signed this node's certificate in %s: "+
				"who joins there could not link up here", n.cfg.County.CA, n.cfg.Identity)
		}
		desk := enrol.NewDesk(n.who.County, ca, book{m.store, m}, n.log)
		m.server = enrol.NewServer(desk, n.log)
		return &enrol.Local{ID: n.id, Desk: desk}, nil
	}
	if n.id.Member().Role == "" {
		return nil, nil //nolint:nilnil // issued by hand, renewed by hand
	}
	return &enrol.Remote{ID: n.id, Hubs: n.renewers, Dial: n.net.Dial, Software: n.version}, nil
}

func (m *member) close() error {
	if m.store == nil {
		return nil
	}
	return m.store.Close()
}

// Run does its part until ctx ends.
func (m *member) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	if m.renewer != nil {
		all.Go(func() { m.renewer.Run(ctx) }) // ends with ctx
	}
	all.Go(func() { m.write(ctx) }) // ends with ctx
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.look(ctx)
			m.watchClock(time.Now())
			m.sayUnsaid()
			m.tallyUp(time.Now())
			m.watchGate(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// look reads which certificates were revoked.
func (m *member) look(ctx context.Context) {
	if m.store == nil {
		return
	}
	serials, err := m.store.Revoked(ctx)
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	same, failed := err != nil || slices.Equal(serials, m.serials), m.failing
	m.failing = err != nil
	if err == nil {
		m.serials = serials
	}
	m.mu.Unlock()
	if err != nil && !failed {
		m.log.Error("the state cannot be read; what was revoked until now stays revoked", zap.Error(err))
	}
	if !same {
		m.node.Deny(serials)
	}
}

// Deny replaces the list of certificates that are not taken any more, by their numbers
// as identity.SerialOf gives them, and ends the links of those who show one.
func (n *Node) Deny(serials []string) {
	n.id.Deny(serials)
	for _, conn := range n.member.revoked() {
		peer, _ := identity.PeerName(conn.TLS()) // a link has one
		n.log.Warn("a link is cut: the peer's certificate was revoked", zap.String("peer", peer))
		n.member.refuse(time.Now(), peer, "link.cut", "its certificate was revoked", conn.RemoteAddr())
		go func() { _ = conn.CloseWithError(roq.GeneralError, errRevokedHere.Error()) }() // ends at once
	}
}

// revoked are the connections of those whose certificate was revoked.
func (m *member) revoked() (list []*roq.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for conn := range m.conns {
		if m.node.id.Denied(conn.TLS()) {
			list = append(list, conn)
		}
	}
	return list
}

// errRevokedHere is what a node is told whose link is cut.
var errRevokedHere = errors.New("this node's certificate was revoked")

// track remembers a connection until done is called. A certificate may have been revoked
// since its handshake.
func (m *member) track(conn *roq.Conn) (done func(), err error) {
	m.mu.Lock()
	m.conns[conn] = struct{}{}
	m.mu.Unlock()
	done = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.conns, conn)
	}
	if m.node.id != nil && m.node.id.Denied(conn.TLS()) {
		done()
		return nil, errRevokedHere
	}
	return done, nil
}

// alarm puts it on the node's page that the certificate runs out.
func (m *member) alarm(words string) {
	m.node.table.note(console.Change{Code: console.CertificateEnds, Why: words})
}

// watchClock says that this machine's clock is wrong: because of what the CA has signed,
// or because its parent's clock says something else.
func (m *member) watchClock(now time.Time) {
	if m.node.id == nil {
		return
	}
	off := m.node.id.ClockOff()
	for _, l := range m.node.table.peers() {
		if o := l.status.Load().Clock; off == 0 && l.dialled && o.Known && o.Offset.Abs() > clockAgrees+o.Uncertainty {
			off = o.Offset
		}
	}
	m.mu.Lock()
	say := off != 0 && (m.said.IsZero() || now.Sub(m.said) >= clockAgain)
	if say {
		m.said = now
	}
	m.mu.Unlock()
	if say {
		words := enrol.ClockWords(off)
		m.log.Warn(words)
		m.node.table.note(console.Change{Code: console.ClockWrong, Why: words})
	}
}
