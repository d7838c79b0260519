package listing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/pause"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/clock"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/directory"
	"github.com/classrelay/classrelay/relay/directory/engine"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

const (
	// timeFlow is the flow of a link's time exchange.
	timeFlow = 1
	// dialWithin bounds one attempt, as a node does.
	dialWithin = 5 * time.Second
	// shakeWithin bounds the exchange of hellos.
	shakeWithin = 10 * time.Second
	// redialMin and redialMax bound the pause between attempts, as those of a node: a hub
	// that 500 schools dial at once turns some away, or lets a handshake time out.
	redialMin = 200 * time.Millisecond
	redialMax = time.Second
	// announceEvery is how often a link repeats its announcement.
	announceEvery = 5 * time.Second
)

// school is a school's link and its directory, without cameras and viewers.
type school struct {
	name    string
	id      *identity.Identity
	conn    *roq.Conn
	session *roq.Session
	control roq.Stream
	bus     *engine.Bus
	dir     *directory.Directory
	feeds   []directory.Feed
	turned  int // attempts that came to nothing
}

// dial makes the link, and tries until it has one. As nodes that have lost their hub it
// begins at some moment of their pause.
func (s *school) dial(ctx context.Context, hub string) error {
	addr, err := net.ResolveUDPAddr("udp4", hub)
	if err != nil {
		return err
	}
	if err := pause.For(ctx, rand.N(redialMax)); err != nil { //nolint:gosec // to spread them
		return err
	}
	for again := redialMin; ; again = min(2*again, redialMax) {
		if s.conn, err = s.connect(ctx, addr); err == nil {
			break
		}
		s.turned++
		if e := pause.For(ctx, again+rand.N(again/2)); e != nil { //nolint:gosec // to spread them
			return fmt.Errorf("school %s: %w", s.name, errors.Join(e, err))
		}
	}
	s.session, err = roq.NewSession(s.conn, roq.SessionConfig{Relay: true}, zap.NewNop())
	if err != nil {
		return errors.Join(err, s.conn.CloseWithError(roq.InternalError, ""))
	}
	return nil
}

// attach begins the school's part in the directory. The control stream is the first one of
// a connection, so that has to be in use.
func (s *school) attach() (err error) {
	self := directory.ID{County: county, Name: s.name}
	dial := func(context.Context) (engine.Dialed, error) { return s.open() }
	s.bus, err = engine.Dial(s.name, directory.Inbox(self), dial)
	if err != nil {
		return err
	}
	cfg := directory.Config{Node: s.name, County: county, Role: identity.School}
	s.dir = directory.New(cfg, s.bus, nil, zap.NewNop())
	s.announce()
	return nil
}

func (s *school) connect(ctx context.Context, to net.Addr) (*roq.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return nil, err
	}
	conn, err := roq.Dial(ctx, to, roq.TransportConfig{
		PacketConn: socket, TLS: s.id.ClientTLS("127.0.0.1", hubName), Protocols: []string{roq.ProtocolRelay},
	})
	if err != nil {
		_ = socket.Close() // Dial may have done that
	}
	return conn, err
}

// open opens the directory's stream, as a node does.
func (s *school) open() (engine.Dialed, error) {
	secret, err := directory.Secret(s.conn.TLS())
	if err != nil {
		return engine.Dialed{}, err
	}
	stream, err := s.session.OpenNamed(directory.StreamKind)
	if err != nil {
		return engine.Dialed{}, err
	}
	return engine.Dialed{
		Conn:  roq.StreamConn(stream, s.conn.LocalAddr(), s.conn.RemoteAddr()),
		Login: engine.Login{Name: s.name, Secret: secret},
	}, nil
}

// run carries the link until ctx ends.
func (s *school) run(ctx context.Context, up func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	defer all.Wait()
	defer func() { _ = s.session.Close(roq.NoError, "the bench ends") }()
	all.Go(func() { cancel(s.session.Run(ctx)) }) // ends with ctx, or ends it
	if err := s.shake(ctx); err != nil {
		return fmt.Errorf("school %s: %w", s.name, err)
	}
	if err := s.attach(); err != nil {
		return err
	}
	defer s.bus.Close()
	all.Go(func() { cancel(s.dir.Run(ctx)) }) // ends with ctx
	all.Go(func() { s.listen() })             // ends with the session
	up()
	err := s.loop(ctx)
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// announce tells the directory what the school has.
func (s *school) announce() {
	s.dir.Announce([]directory.Link{{To: hubName, RTT: 1}}, directory.Load{}, s.feeds)
}

// shake exchanges hellos.
func (s *school) shake(ctx context.Context) (err error) {
	if s.control, err = s.session.Control(ctx); err != nil {
		return err
	}
	if err := s.control.SetReadDeadline(time.Now().Add(shakeWithin)); err != nil {
		return err
	}
	hello := &control.Hello{Protocol: control.Version, Software: "bench", Asks: true}
	if err := control.Write(s.control, &control.Message{Hello: hello}); err != nil {
		return err
	}
	m, err := control.Read(s.control)
	switch {
	case err != nil:
		return err
	case m.Hello == nil || !m.Hello.Directory:
		return errors.New("the hub has no directory")
	}
	return s.control.SetReadDeadline(time.Time{})
}

// listen reads what the hub says on the control stream, and forgets it.
func (s *school) listen() {
	for {
		if _, err := control.Read(s.control); err != nil {
			return
		}
	}
}

// loop announces on the link, too, and answers the time exchange, as a node does.
func (s *school) loop(ctx context.Context) error {
	in := make(chan roq.Received, 16) // full: dropped, and asked again in a second
	if err := s.session.Receive(timeFlow, in); err != nil {
		return err
	}
	var exchange clock.Exchange
	feeds := &control.Feeds{}
	for _, f := range s.feeds {
		feeds.Feeds = append(feeds.Feeds, control.Feed{ID: f.ID, Path: []string{s.name}, Online: true, Layers: f.Layers})
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now()
	for {
		now := time.Now()
		if !now.Before(next) {
			next = now.Add(announceEvery)
			if err := control.Write(s.control, &control.Message{Feeds: feeds}); err != nil {
				return err
			}
		}
		if b, ok := exchange.Pop(now, nil); ok {
			s.session.TrySend(timeFlow, b, now.Add(time.Second))
		}
		wait := next
		if at := exchange.Next(); at.Before(wait) {
			wait = at
		}
		timer.Reset(time.Until(wait))
		select {
		case r := <-in:
			if answer, reply, err := exchange.Push(r.Arrival, r.Packet, nil); err == nil && reply {
				s.session.TrySend(timeFlow, answer, r.Arrival.Add(time.Second))
			}
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// more is the school's list with one feed more.
func (s *school) more(id media.FeedID) {
	s.feeds = append(s.feeds[:len(s.feeds):len(s.feeds)], directory.Feed{ID: id, Online: true, Layers: layers()})
	s.announce()
}

func layers() []media.Layer { return []media.Layer{media.LayerMain, media.LayerSub, media.LayerAudio} }
