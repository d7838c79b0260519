package relay

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
	webpages "github.com/classrelay/classrelay/web"
)

// web is the node in a browser: the pages, and the players and pushers in them.
type web struct {
	node    *Node
	console *console.Server
	// players run beside the pages and are on the same mux: see register.
	players []playersHere
	figures figures // of whoever asks for Status, the console

	mu sync.Mutex
	// By the parents' addresses, of as many as were ever configured: why there was no
	// link, the last time, and which node answered when there was one.
	why   map[string]console.Text
	names map[string]string
}

// newWeb makes it, if the configuration has it. It opens nothing.
func newWeb(n *Node) (*web, error) {
	listen := n.cfg.Listen
	if !listen.Web() {
		return nil, nil //nolint:nilnil // no pages is a normal case
	}
	w := &web{node: n, why: make(map[string]console.Text), names: make(map[string]string)}
	cfg := console.Config{
		HTTP:   listen.HTTP,
		HTTPS:  listen.HTTPS,
		Pages:  webpages.Pages(),
		Listen: n.net.listen(),
		Dial:   n.net.DialContext,

		KeyFrame: w.keyFrame,
	}
	if n.id != nil {
		cfg.Names = n.id.Hosts
	}
	if listen.HTTPS != "" {
		cfg.TLS = n.id.WebTLS()
	}
	n.table.journal = console.NewJournal()
	var err error
	w.console, err = console.New(cfg, w, n.duties.access, n.table.journal, n.log)
	if err != nil {
		return nil, err
	}
	return w, w.register()
}

// open opens the ports; where one cannot be, none stays open. Its error names the key.
func (w *web) open() error {
	if w == nil {
		return nil
	}
	if err := w.console.Open(); err != nil {
		return err
	}
	for _, p := range w.players {
		if p.open == nil {
			continue
		}
		if err := p.open(); err != nil {
			w.close()
			return err
		}
	}
	return nil
}

// close closes the ports that are open, where run is not to come.
func (w *web) close() {
	if w == nil {
		return
	}
	w.console.Close()
	ended, end := context.WithCancel(context.Background())
	end()
	for _, p := range w.players {
		_ = p.run(ended) // closes what it has opened
	}
}

// run serves until ctx is done and then returns nil; the pages end before the players
// in them. An error means that one of them has failed.
func (w *web) run(ctx context.Context) error {
	w.node.table.note(console.Change{Code: console.Started, Why: w.node.version})
	playing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	serving, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var wg sync.WaitGroup
	for _, p := range w.players {
		wg.Go(func() { // ends with playing, or ends the pages, too
			if err := p.run(playing); err != nil {
				fail(err)
			}
		})
	}
	err := w.console.Run(serving)
	stop()
	wg.Wait()
	if cause := context.Cause(serving); err == nil && ctx.Err() == nil {
		err = cause
	}
	return err
}

// Camera implements console.Node.
func (w *web) Camera(feed media.FeedID) (url string, basic bool) {
	f := w.node.duties.config().Feeds[feed]
	return f.Snapshot, f.BasicAuth
}

// noLink remembers why a parent cannot be reached, and tells it on the node's page.
func (n *Node) noLink(p config.Parent, err error, tell bool) {
	if n.pages == nil {
		return
	}
	why := console.Text{EN: err.Error(), ZH: noLinkZH(p, err)}
	n.pages.mu.Lock()
	n.pages.why[p.Name()] = why
	name := n.pages.nameOf(p)
	n.pages.mu.Unlock()
	if tell {
		n.table.note(console.Change{Code: console.NoLink, Link: name, Why: why.EN, WhyZH: why.ZH})
	}
}

// noLinkZH says in Chinese why a parent cannot be reached; what is rare is quoted.
func noLinkZH(p config.Parent, err error) string {
	var refused *identity.PeerError
	_, alert := roq.RefusedBy(err)
	switch {
	case errors.Is(err, errNoAnswer):
		return p.Address + "（UDP）没有应答：请检查该节点是否在运行、端口是否开放"
	case errors.As(err, &refused):
		return "对端的证书不能接受：" + err.Error()
	case alert:
		return p.Address + " 的节点不接受本节点的证书：原因见该节点的日志"
	}
	return err.Error()
}

// nameOf is what a parent is called: as the node that last answered there, or that
// must, or else by its address. With mu held.
func (w *web) nameOf(p config.Parent) string {
	return cmp.Or(w.names[p.Name()], p.Node, p.Address)
}

// Status implements console.Node. The console alone asks, once a second.
func (w *web) Status(now time.Time) *console.Status {
	n := w.node
	st := &console.Status{
		Version: 1, Node: n.cfg.Node, Software: n.version, Since: n.since.UTC(), Now: now.UTC(),
		Feeds: []console.Feed{}, Links: []console.Link{}, Players: w.watching(),
	}
	viewers := make(map[string]int)
	for i := range st.Players {
		viewers[st.Players[i].Feed]++
	}
	var links []LinkStatus
	for _, l := range n.table.peers() {
		links = append(links, *l.status.Load())
	}
	ages := agesOf(now, links)
	for _, f := range n.table.known() {
		shown := w.figures.feed(now, &f, ages[f.ID])
		shown.Viewers = viewers[shown.ID]
		st.Feeds = append(st.Feeds, shown)
	}
	for i := range links {
		st.Links = append(st.Links, w.figures.link(now, &links[i]))
	}
	st.Links = append(st.Links, w.unlinked(now, links)...)
	w.figures.forget(now)
	return st
}

// unlinked are the parents that have no link now.
func (w *web) unlinked(now time.Time, links []LinkStatus) (list []console.Link) {
	parents := w.node.duties.config().Parents
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range links {
		if l := &links[i]; l.Parent != "" {
			w.names[l.Parent] = l.Peer
		}
	}
	for _, p := range parents {
		since := w.figures.away(now, p, links)
		if since.IsZero() {
			continue
		}
		list = append(list, console.Link{
			Peer: w.nameOf(p), Remote: p.Address, Dialled: true, Since: moment(since), Flows: []console.Flow{},
			Facts: console.LinkFacts{Why: w.why[p.Name()]},
		})
	}
	return list
}

// moment is a time, or nil for one that is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

var _ console.Node = (*web)(nil)
