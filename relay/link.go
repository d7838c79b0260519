package relay

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/clock"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/route"
	"github.com/classrelay/classrelay/roq"
)

const (
	// timeFlow carries the time exchange. It is below the ids of media.
	timeFlow = 1
	// announceEvery repeats the full announcement: soft state heals by itself.
	announceEvery = 5 * time.Second
	// announceGap gathers changes that come together, as the tracks of a camera.
	announceGap = 10 * time.Millisecond
	// publishEvery is how often the link's figures are made readable.
	publishEvery = time.Second
	// inbox holds what came in and waits for the loop: a cached group of pictures
	// of a few feeds. Full: the session drops and counts.
	inbox = 4096
	// outbox holds control messages that wait for the stream. Full: the peer has
	// not read for long, and the link ends.
	outbox = 1024
)

// link is one connection to another node. Run owns it; the rest of the node talks
// to it through mail and reads status.
//
// Goroutines: the session's reader and writer, which block on the network; the
// control stream's reader and writer, likewise; and the loop, which decides and
// never blocks.
type link struct {
	peer    string          // the node at the other end
	name    string          // the link: peer, or one of several to it
	who     identity.Member // the peer, by its certificate
	dialled bool
	leg     leg
	version string
	table   *table
	conn    *roq.Conn
	session *roq.Session
	mail    *mailbox
	status  atomic.Pointer[LinkStatus]
	heard   atomic.Uint64 // datagrams and control messages that came
	serves  atomic.Bool   // the peer gets media from this node
	log     *zap.Logger
	up      bool // both sides have said hello; for whoever runs the link

	// Owned by the loop.
	in       chan roq.Received
	said     chan *control.Message
	say      chan *control.Message
	theirs   control.Hello
	hears    []media.FeedID // of what the peer wants to hear, when it asks
	receiver *receiver
	sender   *sender
	exchange clock.Exchange
	due      deadlines
	told     told
}

// told is what the loop has passed on already, to see what is new.
type told struct {
	pace     int64  // to the connection
	moves    uint64 // of the connection, to the downlink
	switches uint64 // to the log
	far      bool   // to the log: the round trip allows no repair in time
	feeds    *control.Feeds
	classes  []lesson.Class
	hear     []media.FeedID // to the peer: of what we want to hear; nil: nothing yet
}

// deadlines are the loop's own times.
type deadlines struct {
	announce, repeat, ask, publish, pump time.Time
}

// newLink makes a link of a connection whose handshake is complete.
func newLink(
	t *table, conn *roq.Conn, peer string, way leg, cfg fanout.DownlinkConfig, version string, log *zap.Logger,
) (*link, error) {
	log = log.With(zap.String("peer", peer))
	if way.line != "" {
		log = log.With(zap.String("line", way.line))
	}
	dialled := way.parent != ""
	who, err := identity.PeerMember(conn.TLS())
	if err != nil {
		return nil, err
	}
	session, err := roq.NewSession(conn, roq.SessionConfig{Relay: true, Listener: !dialled, OnStream: way.take}, log)
	if err != nil {
		return nil, err
	}
	l := &link{
		peer:    peer,
		name:    route.Peer(peer, way.line),
		who:     who,
		dialled: dialled,
		leg:     way,
		version: version,
		table:   t,
		conn:    conn,
		session: session,
		mail:    newMailbox(),
		log:     log,
		in:      make(chan roq.Received, inbox),
		said:    make(chan *control.Message, 16), // full: the stream's reader waits
		say:     make(chan *control.Message, outbox),
	}
	l.receiver = newReceiver(t, session, l.in, log)
	cfg.Seed = seedOf(t.node, peer)
	l.sender = newSender(t, l.name, session, l.mail.wake, cfg)
	l.status.Store(&LinkStatus{Peer: l.name, Parent: way.parent, Dialled: dialled, Since: time.Now()})
	conn.Controller().SetYield(false) // the downlink's own estimator yields
	for _, id := range []uint64{timeFlow, fanout.FeedbackFlow, fanout.ProbeFlow} {
		if err := session.Receive(id, l.in); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// seedOf gives every link chance of its own, the same after a restart: links that
// probe at the same times take each other for strangers.
func seedOf(node, peer string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(node + "\x00" + peer)) // a hash takes anything
	return h.Sum64()
}

// Run carries the link until it ends, and returns why; nil when ctx is done.
func (l *link) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	wg.Go(func() { cancel(l.session.Run(ctx)) }) // ends with ctx, or ends it
	stream, ask, err := l.shake(ctx)
	if err != nil {
		cancel(err)
		wg.Wait()
		return err
	}
	l.up = true
	l.log.Info("link up", zap.Stringer("address", l.conn.RemoteAddr()), zap.Bool("dialled", l.dialled))
	wg.Go(func() { cancel(l.listen(ctx, stream)) }) // ends when the stream is closed
	wg.Go(func() { cancel(l.speak(ctx, stream)) })  // ends with ctx
	if ask != nil {
		err = l.probed(ctx, ask)
	} else {
		err = l.exchangeFeeds(ctx)
	}
	_ = l.session.Close(roq.NoError, reason(err)) // it may be closed already
	cancel(err)
	wg.Wait()
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// exchangeFeeds is what a link is for.
func (l *link) exchangeFeeds(ctx context.Context) error {
	loser := l.table.addLink(l)
	if loser != nil {
		loser.mail.end("another link to this node has taken over")
	}
	if loser != l {
		l.table.note(console.Change{Code: console.LinkUp, Link: l.name})
	}
	if l.leg.up != nil {
		l.leg.up(l)
		defer l.leg.down(l)
	}
	l.table.records.linked(l)
	err := l.loop(ctx)
	l.table.records.gone(l)
	l.table.removeLink(l)
	l.sender.closeAll()
	if loser != l {
		l.table.noteDown(ctx, l.name, err)
	}
	return err
}

// listen hands control messages to the loop.
func (l *link) listen(ctx context.Context, stream io.Reader) error {
	for {
		m, err := control.Read(stream)
		if err != nil {
			return fmt.Errorf("control stream: %w", err)
		}
		select {
		case l.said <- m:
		case <-ctx.Done():
			return nil
		}
	}
}

// speak writes control messages that the loop has to say.
func (l *link) speak(ctx context.Context, stream io.Writer) error {
	for {
		select {
		case m := <-l.say:
			if err := control.Write(stream, m); err != nil {
				return fmt.Errorf("control stream: %w", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// tell queues a control message.
func (l *link) tell(m *control.Message) error {
	select {
	case l.say <- m:
		return nil
	default:
		return errors.New("the peer does not read its control stream")
	}
}

// loop is where the link decides: it takes what came, drains what may leave, and
// sleeps until the next deadline.
func (l *link) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	l.due.announce = time.Now()
	for {
		now := time.Now()
		if err := l.turn(now); err != nil {
			return err
		}
		timer.Reset(time.Until(l.next()))
		select {
		case <-ctx.Done():
			return nil
		case r := <-l.in:
			l.receive(r)
			l.receiveMore()
		case m := <-l.said:
			if err := l.hear(time.Now(), m); err != nil {
				return err
			}
		case <-l.mail.wake:
		case <-timer.C:
		}
	}
}

// open acts on what the rest of the node had to say.
func (l *link) open(now time.Time, m letter) error {
	if m.farewell != "" {
		return &endError{m.farewell}
	}
	if m.news {
		l.due.announce = earlier(l.due.announce, now.Add(announceGap))
	}
	if m.doubt {
		l.exchange.Hurry(now)
	}
	if m.seek {
		l.due.ask = now
	}
	if m.wanted != nil {
		l.receiver.wanted = m.wanted
	}
	if again := l.receiver.again; m.wanted != nil || !again.IsZero() && !now.Before(again) {
		for _, say := range l.receiver.settle(now) {
			if err := l.tell(say); err != nil {
				return err
			}
		}
	}
	for _, t := range m.keys {
		if say, ok := l.receiver.keyFrame(t); ok {
			if err := l.tell(say); err != nil {
				return err
			}
		}
	}
	for i := range m.asks {
		if err := l.tell(&control.Message{Ask: &m.asks[i]}); err != nil {
			return err
		}
	}
	for _, r := range m.records {
		if err := l.tell(&control.Message{Records: r}); err != nil {
			return err
		}
	}
	return nil
}

// next is the loop's next deadline.
func (l *link) next() time.Time {
	next := earlier(l.due.announce, l.due.publish)
	if l.leg.asks {
		next = earlier(next, l.due.ask)
	}
	next = earlier(next, l.exchange.Next())
	for _, t := range []time.Time{l.due.pump, l.receiver.again, l.receiver.up.Next()} {
		if !t.IsZero() {
			next = earlier(next, t)
		}
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// endError is why this side ends a link.
type endError struct{ why string }

// Error says why.
func (e *endError) Error() string { return e.why }

// reason is what the peer is told when the link ends.
func reason(err error) string {
	if err == nil {
		return "the node is stopping"
	}
	return err.Error()
}
