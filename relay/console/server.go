package console

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

const (
	// lookEvery is how often the node's state is looked at, and sent to open pages.
	lookEvery = time.Second
	// headerWithin bounds how long a request's header may take, idleFor how long a
	// connection may stay without one: strangers are not to collect connections.
	headerWithin = 5 * time.Second
	idleFor      = time.Minute
	// headerMost bounds a request's header, in bytes.
	headerMost = 16 << 10
	// connectionsMost bounds the connections of one listener: a page takes three or
	// four, a school has some hundred screens. Beyond it newcomers wait.
	connectionsMost = 1024
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

	listeners []net.Listener // plain ones first; opened by Open
	now       atomic.Pointer[shown]
	ending    chan struct{} // closed when Run ends

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

// Open opens the listeners. Its error names the key.
func (s *Server) Open() error {
	for _, l := range []struct{ key, address string }{
		{"listen.http", s.cfg.HTTP}, {"listen.https", s.cfg.HTTPS},
	} {
		if l.address == "" {
			continue
		}
		listener, err := s.cfg.Listen("tcp", l.address)
		if err != nil {
			s.Close()
			return fmt.Errorf("%s: %w", l.key, err)
		}
		s.listeners = append(s.listeners, listener)
		if l.key == "listen.https" {
			s.httpsPort = portOf(listener.Addr())
		}
	}
	return nil
}

// Close closes what Open has opened, where Run is not to come.
func (s *Server) Close() {
	for _, l := range s.listeners {
		_ = l.Close() // nobody is on it
	}
	s.listeners = nil
}

func portOf(a net.Addr) *int {
	_, port, err := net.SplitHostPort(a.String())
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		return nil
	}
	return &n
}

// Run serves what Open has opened until ctx is done, and returns nil then; an error
// when a server failed. Open pages are told to come back.
func (s *Server) Run(ctx context.Context) error {
	quiet, err := zap.NewStdLogAt(s.log, zap.DebugLevel)
	if err != nil {
		return err // cannot be: the level is one
	}
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    headerMost,
		TLSConfig:         s.cfg.TLS,
		ErrorLog:          quiet, // what browsers think of a certificate is no news
	}
	failed := make(chan error, len(s.listeners)) // each server says one thing
	for _, l := range s.listeners {
		go func() { failed <- s.serve(server, l) }() // ends by Shutdown below
		s.log.Info("pages are served", zap.Stringer("address", l.Addr()))
	}
	var wg sync.WaitGroup
	looking, stop := context.WithCancel(ctx)
	wg.Go(func() { s.keepLooking(looking) }) // ends with ctx, or by stop
	left := len(s.listeners)
	select {
	case <-ctx.Done():
	case err = <-failed:
		left--
	}
	stop()
	close(s.ending)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if server.Shutdown(end) != nil {
		_ = server.Close() // a second was enough
	}
	for range left {
		<-failed
	}
	wg.Wait()
	return err
}

func (s *Server) serve(server *http.Server, l net.Listener) error {
	key := "listen.http"
	bounded := netutil.LimitListener(l, connectionsMost)
	var err error
	if s.cfg.HTTPS != "" && l == s.listeners[len(s.listeners)-1] {
		key = "listen.https"
		err = server.ServeTLS(bounded, "", "") // the certificate is in TLSConfig
	} else {
		err = server.Serve(bounded)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
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
