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

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/directory"
	"github.com/classrelay/classrelay/relay/directory/engine"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// directoryEvery is how often is looked what the node has to announce, beside changes:
// round trips come in late, cameras go quiet.
const directoryEvery = time.Second

// place is the node's place in its county: its directory, and what carries that. A school
// speaks over a stream of a link to a hub, which the hub hands to its engine.
type place struct {
	member    identity.Member
	table     *table
	parents   []string // addresses, in the order of the configuration
	capacity  int
	vet       directory.Vet
	server    *engine.Server // nil at a school
	bus       *engine.Bus    // of the county
	directory *directory.Directory
	log       *zap.Logger

	mu     sync.Mutex
	ups    []*link       // links to nodes that carry the directory on
	appear chan struct{} // closed and made anew when there is another one
}

// openPlace makes the node's place in its county; nil without one.
func (n *Node) openPlace() (*place, error) {
	m := n.who
	if !n.cfg.County.In() || n.id == nil || m.County == "" {
		return nil, nil //nolint:nilnil // a site from files alone is a normal case
	}
	p := &place{
		member: m,
		table:  n.table,
		vet:    directory.Vet{County: m.County, Role: m.Level()},
		log:    n.log,
		appear: make(chan struct{}),

		capacity: int(n.cfg.County.Capacity),
	}
	for _, parent := range n.cfg.Parents {
		p.parents = append(p.parents, parent.Name())
	}
	above, err := p.connect(&n.cfg.County, n.id)
	if err != nil {
		return nil, fmt.Errorf("county: %w", err)
	}
	share := directory.Share(n.cfg.County.Sharing())
	cfg := directory.Config{Node: m.Node, County: m.County, Role: m.Level(), Share: share}
	p.directory = directory.New(cfg, p.bus, above, n.log)
	if m.Level() == identity.Hub {
		n.table.classes.on(p.directory.Machines)
	}
	n.table.mu.Lock()
	defer n.table.mu.Unlock()
	n.table.hearing.share = share
	n.table.stir = make(chan struct{}, 1)
	return p, nil
}

// enter takes the node's place in its county, if it has one, and returns what ends it: that
// comes last, so that the links are gone by then. What cannot go on ends the node.
func (n *Node) enter(ctx context.Context, p *place, fail context.CancelCauseFunc) (end func()) {
	if p == nil {
		return func() {}
	}
	n.place.Store(p)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { // ended by end, which waits
		if err := p.run(ctx); err != nil {
			fail(err)
		}
	})
	return func() { cancel(); wg.Wait() }
}

// connect opens what carries the directory. above is nil where no level is.
func (p *place) connect(cfg *config.County, id *identity.Identity) (above directory.Bus, err error) {
	inbox := directory.Inbox(directory.ID{County: p.member.County, Name: p.member.Node})
	if p.member.Level() == identity.School {
		p.bus, err = engine.Dial(p.member.Node, inbox, p.dial)
		return nil, err
	}
	p.server, err = engine.New(engine.Config{
		Node:    p.member.Node,
		County:  p.member.County,
		Listen:  cfg.Listen,
		Hubs:    cfg.Hubs,
		Above:   cfg.Above,
		TLS:     engine.MachineTLS(id.ServerTLS(), id.ClientTLS("", "")),
		Machine: p.vet.Machine,
		Below: func(s engine.State) (engine.Rights, error) {
			r, err := p.vet.Below(s)
			return engine.Rights(r), err
		},
		Listened: directory.Sums(directory.ID{County: p.member.County, Name: p.member.Node}, p.member.Level()),
		Inbox:    inbox,
	}, p.log)
	if err != nil {
		return nil, err
	}
	p.bus = p.server.Below()
	if b := p.server.Above(); b != nil {
		return b, nil
	}
	return nil, nil //nolint:nilnil // the top of the tree is a normal case
}

// run announces and listens until ctx ends.
func (p *place) run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if p.server != nil {
		wg.Go(func() { fail(p.server.Run(ctx)) }) // ends with ctx, or ends all
	} else {
		defer p.bus.Close()
	}
	p.announce()
	wg.Go(func() { fail(p.directory.Run(ctx)) }) // likewise
	tick := time.NewTicker(directoryEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.table.stir:
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
				return cause
			}
			return nil
		}
		p.announce()
	}
}

// announce tells the directory what this node has.
func (p *place) announce() {
	links := []directory.Link{}
	for _, l := range p.table.peers() {
		if l.dialled || l.leg.stands == standsAbove || l.leg.stands == standsBeside {
			rtt := l.status.Load().Path.MinRTT
			links = append(links, directory.Link{To: l.peer, RTT: int(rtt.Round(time.Millisecond).Milliseconds())})
		}
	}
	load := directory.Load{Capacity: p.capacity, Lessons: p.table.classes.lessons()}
	p.directory.Announce(links, load, p.table.ownFeeds())
}

// ownFeeds lists the feeds whose source is at this node, as the directory has them.
func (t *table) ownFeeds() []directory.Feed {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.routes.Own()
	feeds := make([]directory.Feed, 0, len(own))
	for _, f := range own {
		feeds = append(feeds, directory.Feed{ID: f.ID, Online: f.Online, Role: f.Role, Layers: f.Layers})
	}
	return feeds
}

// Where lists the ways to a feed that this node's directory knows, best first; none at a
// site from files alone. Directory.Where asks further.
func (n *Node) Where(id media.FeedID) []directory.Way {
	p := n.place.Load()
	if p == nil {
		return nil
	}
	return p.directory.Known(id)
}

// farEnd is what the node's place makes of the other end of a connection.
func (n *Node) farEnd(conn *roq.Conn, dialled bool) (end farEnd) {
	p := n.place.Load()
	if p == nil {
		return end
	}
	m, err := identity.PeerMember(conn.TLS())
	if err != nil {
		return end // who carries the link finds out, too
	}
	end.stands = stands(p.member, m)
	end.asks = end.stands == standsAbove || end.stands == standsBeside ||
		end.stands == standsBelow && m.Level() != identity.School
	switch {
	case p.server == nil:
		end.up, end.down = p.linkUp, p.linkDown
	case !dialled:
		end.take = func(ctx context.Context, kind byte, s roq.Stream) { p.take(ctx, conn, kind, s) }
	}
	return end
}

// stands tells where a peer is in the tree, seen from a node.
func stands(self, peer identity.Member) stand {
	switch a, b := directory.Level(self.Level()), directory.Level(peer.Level()); {
	case self.County == "" || peer.County == "" || self.Role == "" || peer.Role == "":
		return standsNowhere
	case a < b:
		return standsAbove
	case a > b:
		return standsBelow
	case peer.Level() == identity.School:
		return standsNowhere // two machines of a school tell each other all
	}
	return standsBeside
}

// take carries a school's part of the directory over a stream of its link.
func (p *place) take(ctx context.Context, conn *roq.Conn, kind byte, s roq.Stream) {
	stream := roq.StreamConn(s, conn.LocalAddr(), conn.RemoteAddr())
	id, rights, err := p.vet.Attach(conn.TLS())
	var secret string
	if err == nil && kind != directory.StreamKind {
		err = fmt.Errorf("node %s opens a stream %q, which is of no kind that this version knows", id.Name, kind)
	}
	if err == nil {
		secret, err = directory.Secret(conn.TLS())
	}
	if err != nil {
		p.log.Warn("stream refused", zap.Stringer("address", conn.RemoteAddr()), zap.Error(err))
		_ = stream.Close()
		return
	}
	_ = p.server.Serve(ctx, stream, engine.Login{Name: id.Name, Secret: secret}, engine.Rights(rights)) // it comes again
}

// linkUp says that a link carries the directory on, if its peer does.
func (p *place) linkUp(l *link) {
	if !l.dialled || !l.theirs.Directory {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ups = append(p.ups, l)
	place := func(l *link) int { return slices.Index(p.parents, l.leg.parent) }
	slices.SortStableFunc(p.ups, func(a, b *link) int { return cmp.Compare(place(a), place(b)) })
	close(p.appear)
	p.appear = make(chan struct{})
}

// linkDown says that it does no more.
func (p *place) linkDown(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ups = slices.DeleteFunc(p.ups, func(up *link) bool { return up == l })
}

// dial waits for a link to a hub and opens the directory's stream on it. The first parent
// of the configuration comes first.
func (p *place) dial(ctx context.Context) (engine.Dialed, error) {
	for {
		p.mu.Lock()
		ups, appear := slices.Clone(p.ups), p.appear
		p.mu.Unlock()
		for _, l := range ups {
			if d, err := p.open(l); err == nil {
				return d, nil
			}
		}
		select {
		case <-appear:
		case <-ctx.Done():
			return engine.Dialed{}, context.Cause(ctx)
		}
	}
}

func (p *place) open(l *link) (engine.Dialed, error) {
	secret, err := directory.Secret(l.conn.TLS())
	if err != nil {
		return engine.Dialed{}, err
	}
	s, err := l.session.OpenNamed(directory.StreamKind)
	if err != nil {
		return engine.Dialed{}, err
	}
	return engine.Dialed{
		Conn:  roq.StreamConn(s, l.conn.LocalAddr(), l.conn.RemoteAddr()),
		Login: engine.Login{Name: p.member.Node, Secret: secret},
	}, nil
}
