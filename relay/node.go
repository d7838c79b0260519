package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/rtsp"
	"github.com/classrelay/classrelay/roq"
)

// Options are what a node is given beside its configuration. The zero value works.
type Options struct {
	// Network is how the node reaches others. Default: the operating system.
	Network Network
	// Version of the program, told to peers. Default: "dev".
	Version string
}

// Node is one relay. New makes it, Run runs it once.
type Node struct {
	cfg     *config.Config
	id      *identity.Identity // nil: a node without links
	who     identity.Member
	member  *member
	records *records
	net     Network
	version string
	log     *zap.Logger
	table   *table
	egress  egress
	since   time.Time
	players atomic.Pointer[rtsp.Server]  // nil before Run, and without listen.rtsp
	visits  atomic.Pointer[roq.Listener] // nil before Run, and without listen.quic
	place   atomic.Pointer[place]        // nil before Run, and at a site from files alone
	refused refusals                     // what was said of nodes that could not link up
	pages   *web                         // nil without listen.http and listen.https
	duties  *duties
}

// New checks the configuration against the identity. It opens nothing.
func New(cfg *config.Config, id *identity.Identity, log *zap.Logger, opts Options) (*Node, error) {
	if id == nil && (cfg.Listen.QUIC != "" || len(cfg.Parents) > 0 || cfg.Listen.HTTPS != "") {
		return nil, errors.New("identity: it is missing, and links and https need it; make one with `classrelay ca issue`")
	}
	if id != nil && id.Name() != cfg.Node {
		return nil, fmt.Errorf("node: this node is called %q, but the certificate in %s is for %q", cfg.Node, cfg.Identity,
			id.Name())
	}
	self, err := who(cfg, id)
	if err != nil {
		return nil, err
	}
	rules, err := access.New(cfg.Access, cfg.Users)
	if err != nil {
		return nil, err
	}
	if opts.Version == "" {
		opts.Version = "dev"
	}
	log = log.With(zap.String("node", cfg.Node))
	n := &Node{
		cfg:     cfg.WithDefaults(),
		id:      id,
		who:     self,
		net:     opts.Network,
		version: opts.Version,
		log:     log,
		table:   newTable(cfg.Node, log),
		since:   time.Now(),
	}
	n.duties = newDuties(n, cfg, rules)
	n.table.desk = newDesk(n.cfg, n.table)
	n.member, n.records = newMember(n), newRecords(n)
	n.table.records = n.records
	n.table.self, n.table.refuse = self, n.refuse
	n.table.setRights(n.cfg.Rights())
	n.pages, err = newWeb(n)
	return n, err
}

// Run opens what the configuration says and relays until ctx ends; then it
// returns nil. An error means that something could not be opened, and names the
// key.
//
// It ends in the reverse order of its start: players and pushers, cameras,
// links; the admin page last, so that the end can be watched.
func (n *Node) Run(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)

	admin, err := n.openAdmin()
	if err != nil {
		return err
	}
	defer admin.close()
	if err := n.member.open(); err != nil {
		return err
	}
	defer func() { _ = n.member.close() }() // what was committed is on the disk
	n.records.open(n.member.store)
	place, err := n.openPlace()
	if err != nil {
		return err
	}
	defer n.enter(ctx, place, fail)()
	defer n.openSocket().close()
	listener, err := n.openLinks()
	if err != nil {
		return err
	}
	links, endLinks := context.WithCancel(context.WithoutCancel(ctx))
	defer endLinks()
	var wg sync.WaitGroup
	if listener != nil {
		wg.Go(func() { n.accept(links, listener) }) // ends with links
	}
	server, err := n.openFront()
	if err != nil {
		n.shut(endLinks, listener, &wg)
		return err
	}
	n.duties.begin(links)
	runs := n.duties.config()
	n.log.Info("node runs", zap.String("version", n.version), zap.Int("feeds", len(runs.Feeds)),
		zap.Int("parents", len(runs.Parents)))

	var front sync.WaitGroup
	if server != nil {
		n.players.Store(server)
		front.Go(func() { fail(server.Run(ctx)) }) // ends with ctx, or ends the node
	}
	if n.pages != nil {
		front.Go(func() { fail(n.pages.run(ctx)) }) // ends with ctx, or ends the node
	}
	front.Go(func() { n.keepHouse(ctx) })   // ends with ctx
	front.Go(func() { n.keepWatch(ctx) })   // ends with ctx
	front.Go(func() { n.member.Run(ctx) })  // ends with ctx
	front.Go(func() { n.records.Run(ctx) }) // ends with ctx
	<-ctx.Done()
	front.Wait()
	n.duties.end()
	n.shut(endLinks, listener, &wg)
	n.log.Info("node has stopped")
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// openFront opens the ports for people: pages first, whose listeners can be closed
// again when RTSP's cannot be opened.
func (n *Node) openFront() (*rtsp.Server, error) {
	if err := n.pages.open(); err != nil {
		return nil, err
	}
	server, err := n.openRTSP()
	if err != nil {
		n.pages.close()
	}
	return server, err
}

// shut ends the links and waits for them.
func (n *Node) shut(endLinks context.CancelFunc, listener *roq.Listener, wg *sync.WaitGroup) {
	endLinks()
	n.duties.dials.Wait()
	if listener != nil {
		_ = listener.Close() // nothing is left on it
	}
	wg.Wait()
}

// openLinks opens the socket for lower nodes, if the configuration has one.
func (n *Node) openLinks() (*roq.Listener, error) {
	if n.cfg.Listen.QUIC == "" {
		return nil, nil //nolint:nilnil // no listener is a normal case
	}
	socket, err := n.net.listenPacket()("udp", n.cfg.Listen.QUIC)
	if err != nil {
		return nil, fmt.Errorf("listen.quic: %w", err)
	}
	l, err := roq.Listen(roq.TransportConfig{
		PacketConn: socket,
		TLS:        n.serverTLS(),
		Protocols:  n.accepted(),
		ResetKey:   n.id.ResetKey(),
	})
	if err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("listen.quic: %w", err)
	}
	n.visits.Store(l)
	return l, nil
}

// accept carries the links that lower nodes dial, each in a goroutine of its own.
func (n *Node) accept(ctx context.Context, l *roq.Listener) {
	var wg sync.WaitGroup
	defer wg.Wait()
	cfg := n.downlink(n.cfg.Links.MaxRate)
	for {
		conn, err := l.Accept(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil { // the socket is broken
			n.log.Error("no node can link up any more; restart this one", zap.Error(err))
			return
		}
		wg.Go(func() { // ends with ctx
			if p := conn.Protocol(); p == enrol.ProtocolJoin || p == enrol.ProtocolRenew {
				n.member.server.Serve(ctx, conn) // only a node that has one agrees on these
				return
			}
			_ = n.carry(ctx, conn, leg{}, cfg) // it has been logged
		})
	}
}

// keepHouse does what is due about once a second until ctx ends.
func (n *Node) keepHouse(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			n.table.tick()
		case <-ctx.Done():
			return
		}
	}
}

// Reload takes a new configuration over: what it adds starts, what it drops
// stops, what it changes stops and starts, and nothing else blinks. It returns
// the keys whose new value waits for a restart.
func (n *Node) Reload(cfg *config.Config) (restart []string, err error) { return n.duties.reload(cfg) }

// Check implements the RTSP server's question who may do what, by the rules of
// the moment.
func (n *Node) Check(q access.Request) access.Verdict { return n.duties.access().Check(q) }

// Challenge implements the other half of it.
func (n *Node) Challenge(nonce string, tls bool) []string {
	return n.duties.access().Challenge(nonce, tls)
}

// Links is how many links the node has now.
func (n *Node) Links() int { return len(n.table.peers()) }

// Gate counts the attempts of others to connect to listen.quic.
func (n *Node) Gate() roq.GateStats {
	if l := n.visits.Load(); l != nil {
		return l.Gate()
	}
	return roq.GateStats{}
}

// Status collects the node's figures.
func (n *Node) Status() Status {
	st := Status{Node: n.cfg.Node, Since: n.since}
	for _, f := range n.table.all() {
		st.Feeds = append(st.Feeds, n.table.status(f))
	}
	for _, l := range n.table.peers() {
		st.Links = append(st.Links, *l.status.Load())
	}
	if server := n.players.Load(); server != nil {
		st.Players = server.Players()
	}
	return st
}

var _ rtsp.Node = (*Node)(nil)
