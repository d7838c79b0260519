package console

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

const (
	// lookEvery is how often the node's state is looked at, and sent to open pages.
	lookEvery = time.Second
	// goodbye is how long requests under way may take at the end.
	goodbye = time.Second
)

// Config says where the pages are and what they show. HTTP or HTTPS is needed.
type Config struct {
	HTTP  string // the TCP address without encryption (listen.http)
	HTTPS string // the TCP address with it (listen.https)
	// TLS is for HTTPS; it brings the certificate.
	TLS *tls.Config
	// Pages is the folder with index.html and assets. Without an index.html the server
	// shows a page of its own that says how to build them.
	Pages fs.FS
	// Listen opens the listeners. Default: the network.
	Listen func(network, address string) (net.Listener, error)
	// Dial opens connections to cameras, for their pictures. Default: the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Names are those under which people may open the pages without a login, besides
	// addresses and names of the local network: see knowsHost. Default: none.
	Names func() []string
	// KeyFrame gives the last key frame that the node has of a feed as one fragment of
	// MP4, with its MIME type; an error when it has none. Default: it keeps none.
	KeyFrame func(feed media.FeedID) (mime string, fragment []byte, err error)
}

// Node is what the server shows.
type Node interface {
	// Status is the node's state now; the caller may change what it gets. Since when
	// feeds are offline and what is wrong with anything is left to the caller.
	Status(now time.Time) *Status
	// Camera is where a feed's camera gives its picture; empty: nowhere. basic lets
	// the camera ask for the password in clear.
	Camera(feed media.FeedID) (url string, basic bool)
	// Classes are those the node knows of, in order.
	Classes() []Class
	// Turn makes a room the main school of a class and gives the floor to another, or to
	// none. Where another node decides, it has been asked when Turn returns.
	Turn(class, main, floor string) error
}

// Server serves the pages and the interface behind them. Its methods may be called
// from any goroutine.
type Server struct {
	cfg       Config
	node      Node
	rules     func() *access.Rules
	journal   *Journal
	log       *zap.Logger
	mux       *http.ServeMux
	pages     *pages
	pictures  *pictures
	httpsPort *int
	streams   chan struct{} // a place for each open page that gets events

	doors  []*door // opened by Open
	now    atomic.Pointer[shown]
	ending chan struct{} // closed when Run ends

	mu       sync.Mutex
	sessions sessions
	history  history
	outages  outages
	fresh    chan struct{} // closed and made anew when now changes
}

// shown is the state that is given out.
type shown struct {
	status *Status
	all    func() []byte // as JSON, written when first asked for
	guests func() []byte // the same for those who may not know who watches
	fresh  <-chan struct{}
}

// New makes a server; it opens nothing. rules gives those of the moment, and journal
// what has changed at the node.
func New(cfg Config, node Node, rules func() *access.Rules, journal *Journal, log *zap.Logger) (*Server, error) {
	if cfg.HTTP == "" && cfg.HTTPS == "" {
		return nil, errors.New("listen.http and listen.https are both empty")
	}
	if cfg.HTTPS != "" && cfg.TLS == nil {
		return nil, errors.New("listen.https: it shows the node's certificate, and there is none")
	}
	if cfg.Listen == nil {
		cfg.Listen = func(network, address string) (net.Listener, error) {
			var lc net.ListenConfig
			return lc.Listen(context.Background(), network, address)
		}
	}
	if cfg.Names == nil {
		cfg.Names = func() []string { return nil }
	}
	files, err := newPages(cfg.Pages)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, node: node, rules: rules, journal: journal, log: log,
		mux: http.NewServeMux(), pages: files, pictures: newPictures(cfg.Dial, node),
		streams: make(chan struct{}, streamsMost), ending: make(chan struct{}), fresh: make(chan struct{}),
	}
	s.look(time.Now())
	s.register()
	return s, nil
}

// Mux is where the players in a browser register their paths, before Run.
func (s *Server) Mux() *http.ServeMux { return s.mux }

// Open opens the ports. Its error names the key.
func (s *Server) Open() error {
	for _, o := range []struct {
		key, address string
		secure       *tls.Config
	}{{"listen.http", s.cfg.HTTP, nil}, {"listen.https", s.cfg.HTTPS, s.cfg.TLS}} {
		if o.address == "" {
			continue
		}
		d, err := newDoor(o.key, o.address, o.secure, s.cfg.Listen)
		if err != nil {
			s.Close()
			return err
		}
		s.doors = append(s.doors, d)
		if o.secure != nil {
			s.httpsPort = d.port()
		}
	}
	return nil
}

// Close closes what Open has opened, where Run is not to come.
func (s *Server) Close() {
	for _, d := range s.doors {
		_ = d.listener.Close() // nobody is on it
	}
	s.doors = nil
}

// Run serves what Open has opened until ctx is done, and returns nil then; an error
// when a port failed. Open pages are told to come back.
func (s *Server) Run(ctx context.Context) error {
	said, err := zap.NewStdLogAt(s.log, zap.DebugLevel)
	if err != nil {
		return err // cannot be: the level is one
	}
	handler := s.Handler()
	failed := make(chan error, len(s.doors)) // each says one thing
	for _, d := range s.doors {
		go func() { failed <- d.serve(handler, said) }() // ends by shut below
		s.log.Info("pages are served", zap.String("key", d.key), zap.Stringer("address", d.listener.Addr()))
	}
	var wg sync.WaitGroup
	looking, stop := context.WithCancel(ctx)
	wg.Go(func() { s.keepLooking(looking) }) // ends with ctx, or by stop
	left := len(s.doors)
	select {
	case <-ctx.Done():
	case err = <-failed:
		left--
	}
	stop()
	close(s.ending)
	s.shut(left, failed)
	wg.Wait()
	return err
}

// shut closes all doors and waits for those that still serve.
func (s *Server) shut(serving int, ended <-chan error) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	var wg sync.WaitGroup
	for _, d := range s.doors {
		wg.Go(func() { d.shut(ctx) }) // ends with ctx
	}
	wg.Wait()
	for range serving {
		<-ended
	}
}

// Handler is all of the server, for one request.
func (s *Server) Handler() http.Handler { return guard(s.mux) }

// keepLooking looks at the node once a second until ctx is done.
func (s *Server) keepLooking(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			s.look(now)
		case <-ctx.Done():
			return
		}
	}
}

// look takes the node's state in and shows it.
func (s *Server) look(now time.Time) {
	st := s.node.Status(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.outages.look(now, st) {
		s.journal.Note(now, c)
	}
	s.history.add(now, st)
	was := s.fresh
	s.fresh = make(chan struct{})
	s.now.Store(&shown{
		status: st,
		all:    sync.OnceValue(func() []byte { return marshal(st) }),
		guests: sync.OnceValue(func() []byte { return marshal(st.forGuests()) }),
		fresh:  s.fresh,
	})
	close(was)
}
