package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"go.uber.org/zap"
)

// readyWithin bounds the server's start, which takes some milliseconds.
const readyWithin = 10 * time.Second

// Server is the engine of one machine. Its methods may be called from any goroutine.
type Server struct {
	cfg   Config
	gate  *gate
	log   *zap.Logger
	below *Bus
	above *Bus // nil: no level above
	// ending are servers from before a restart that are not quite gone.
	ending sync.WaitGroup

	mu     sync.Mutex
	server *natsd.Server // another one after a restart
	closed bool
}

// New starts a server and connects this process to it. Run watches over it and ends it.
func New(cfg Config, log *zap.Logger) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Watchdog <= 0 {
		cfg.Watchdog = hungAfter
	}
	s := &Server{cfg: cfg, gate: newGate(&cfg, log), log: log}
	if err := s.start(); err != nil {
		return nil, err
	}
	var err error
	if s.below, err = s.local(localBelow); err == nil && len(cfg.Above) > 0 {
		s.above, err = s.local(localAbove)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// start makes the server. With mu held, or before anybody else knows s.
func (s *Server) start() error {
	o, err := s.cfg.options(s.gate)
	if err != nil {
		return err
	}
	server, err := natsd.NewServer(o)
	if err != nil {
		return fmt.Errorf("directory engine: %w", err)
	}
	above, err := server.LookupAccount(aboveAccount)
	if err != nil {
		return fmt.Errorf("directory engine: %w", err)
	}
	s.gate.use(above)
	server.SetLoggerV2(logger{s.log.Sugar()}, false, false, false)
	go server.Start() // ended by Shutdown
	if !server.ReadyForConnections(readyWithin) {
		server.Shutdown()
		return fmt.Errorf("directory engine: it cannot listen on %s: is the port taken?", s.cfg.Listen)
	}
	s.server = server
	return nil
}

// local connects this process, and again after a restart.
func (s *Server) local(as string) (*Bus, error) {
	return Dial(s.cfg.Node, s.cfg.Inbox, func(context.Context) (Dialed, error) {
		conn, err := s.pipe()
		return Dialed{conn, Login{as, s.gate.local}}, err
	})
}

// pipe is a connection to the server of the moment.
func (s *Server) pipe() (net.Conn, error) {
	s.mu.Lock()
	server := s.server
	s.mu.Unlock()
	return server.InProcessConn()
}

// Below is the bus of this machine's own county, and of the machines below that join it.
func (s *Server) Below() *Bus { return s.below }

// Above is the bus of the level above, which may be out of reach; nil without one.
func (s *Server) Above() *Bus { return s.above }

func (s *Server) current() *natsd.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server
}

// Addresses are where routes and leaf links can be made; nil without Listen.
func (s *Server) Addresses() (routes, leaves net.Addr) {
	server := s.current()
	if a := server.ClusterAddr(); a != nil {
		routes = a
	}
	if o, err := server.Varz(nil); err == nil && o.LeafNode.Port > 0 {
		leaves = &net.TCPAddr{Port: o.LeafNode.Port}
	}
	return routes, leaves
}

// Run watches over the server until ctx ends, and ends it.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	if s.above == nil {
		<-ctx.Done()
		return nil
	}
	dog := watchdog{after: s.cfg.Watchdog}
	open := false
	tick := time.NewTicker(openEvery)
	defer tick.Stop()
	var look time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			was := open
			if open = s.gate.listened(s.cfg.Listened); open && !was {
				s.above.came()
			}
			if now.Before(look) {
				continue
			}
			look = now.Add(min(lookEvery, s.cfg.Watchdog/4))
			if dog.look(now, s.LeadsUp(), func() bool { return s.reachable(ctx) }) {
				s.log.Warn("no link to the level above although it can be reached; the directory's engine is restarted")
				if err := s.restart(); err != nil {
					return err
				}
			}
		}
	}
}

// openEvery is how often is looked whether the way up is open: what the level above missed
// while it was not is told then.
const openEvery = 250 * time.Millisecond

// LeadsUp tells whether there is a link to the level above.
func (s *Server) LeadsUp() bool {
	z, err := s.current().Leafz(&natsd.LeafzOptions{})
	if err != nil {
		return false
	}
	for _, l := range z.Leafs {
		if l.Account == aboveAccount {
			return true
		}
	}
	return false
}

// reachable tells whether some machine above takes a TCP connection.
func (s *Server) reachable(ctx context.Context) bool {
	for _, a := range s.cfg.Above {
		d := net.Dialer{Timeout: dialTimeout}
		door, err := leafDoor(a)
		if err != nil {
			continue // the server was not made with such a one
		}
		if c, err := d.DialContext(ctx, "tcp", door); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

// restart makes the server anew. Schools and local clients come back by themselves. It does
// not wait for what the old server still has under way, a handshake with a machine above
// that says nothing takes ten seconds, but for its ports.
func (s *Server) restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	old := s.server
	s.ending.Go(old.Shutdown) // ends by itself; close waits
	for end := time.Now().Add(readyWithin); old.ClusterAddr() != nil && time.Now().Before(end); {
		time.Sleep(freeEvery)
	}
	return s.start()
}

// freeEvery is how often is looked whether the old server has left its ports.
const freeEvery = 5 * time.Millisecond

func (s *Server) close() {
	for _, b := range []*Bus{s.above, s.below} {
		if b != nil {
			b.Close()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.server.Shutdown()
	s.server.WaitForShutdown()
	s.ending.Wait()
}

// Serve carries the stream of a client until either end closes it or ctx ends, and closes
// it. The client must log in as said; rights are what it may do.
func (s *Server) Serve(ctx context.Context, stream net.Conn, l Login, r Rights) error {
	defer func() { _ = stream.Close() }()
	leave := s.gate.admit(l, r)
	defer leave()
	inner, err := s.pipe()
	if err != nil {
		return err
	}
	defer func() { _ = inner.Close() }()
	stop := context.AfterFunc(ctx, func() { _, _ = stream.Close(), inner.Close() })
	defer stop()
	up, down := newPace(upRate), newPace(downRate)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { // ends with the stream, which is closed below or by the other half
		defer func() { _ = inner.Close() }()
		_ = carry(ctx, inner, stream, up)
	})
	err = carry(ctx, stream, inner, down)
	_ = stream.Close()
	return err
}

// carry copies until an end closes.
func carry(ctx context.Context, to io.Writer, from io.Reader, p *pace) error {
	buf := make([]byte, 4096) // 500 schools have two each
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if err := p.wait(ctx, n); err != nil {
				return err
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}
