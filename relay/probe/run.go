package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
)

const (
	// helloWithin bounds the first words: two round trips of a bad line.
	helloWithin = 5 * time.Second
	// inbox holds what came and waits for the loop: 0.4 s at 100 Mbit/s. Full: the
	// session drops and counts.
	inbox = 4096
)

// RefusedError is a node's no, in its own words.
type RefusedError struct{ Node, Why string }

// Error says who refuses, and why.
func (e *RefusedError) Error() string { return fmt.Sprintf("node %s refuses: %s", e.Node, e.Why) }

// TooOldError is a node that does not know what a probe is. Software is empty when
// it did not get to say what it runs.
type TooOldError struct{ Node, Software string }

// Error says what to do.
func (e *TooOldError) Error() string {
	if e.Software == "" {
		return fmt.Sprintf("node %s hangs up on a probe: this node is too old for probe; update it", e.Node)
	}
	return fmt.Sprintf("node %s runs classrelay %s: this node is too old for probe; update it", e.Node, e.Software)
}

// Run measures the line of a connection whose handshake is complete and closes
// it. Watch is told every second and at the end of every step; it may be nil. When
// ctx ends Run returns what it has, marked as interrupted, and no error.
func Run(
	ctx context.Context, conn *roq.Conn, peer, software string, cfg Config, watch func(Interval), log *zap.Logger,
) (*Result, error) {
	cfg = cfg.WithDefaults()
	session, err := roq.NewSession(conn, roq.SessionConfig{Relay: true}, log)
	if err != nil {
		return nil, err
	}
	in := make(chan roq.Received, inbox)
	if err := errors.Join(session.Receive(TimeFlow, in), session.Receive(TestFlow, in)); err != nil {
		return nil, err
	}
	conn.Controller().SetYield(false) // the guard does
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() { _ = session.Close(roq.NoError, "the probe is over") }() // it may be closed already
	wg.Go(func() { cancel(session.Run(inner)) })                           // ends with the connection

	stream, node, terms, err := ask(ctx, session, peer, software, cfg.Force)
	if err != nil {
		return nil, err
	}
	// 16: when it is full, the stream's reader waits. 64: when it is full, the node
	// does not read, and the probe ends.
	heard, say := make(chan *control.Message, 16), make(chan *control.Message, 64)
	wg.Go(func() { cancel(listen(inner, stream, heard)) }) // ends with the connection
	wg.Go(func() { cancel(speak(inner, stream, say)) })    // ends with inner
	road := &Road{Session: session, Controller: conn.Controller(), In: in, Heard: heard, Say: sayer(say)}
	cfg.MaxRate = min(cfg.MaxRate, terms.MaxRate)
	p := newProber(cfg, road, watch)
	err = runWithin(ctx, inner, p)
	r := p.result(time.Now(), ctx.Err() != nil)
	r.Node, r.Software, r.Address, r.Above = peer, node, conn.RemoteAddr().String(), terms.Above
	r.Size = Size{Up: conn.MaxDatagramSize(), Down: terms.DatagramSize}
	cancel(nil)
	return r, err
}

// runWithin runs the prober until either context ends; the end of the connection
// is an end of the probe like others.
func runWithin(ctx, connection context.Context, p *prober) error {
	both, stop := context.WithCancel(ctx)
	defer stop()
	release := context.AfterFunc(connection, stop) // runs once at most
	defer release()
	err := p.run(both)
	if cause := context.Cause(connection); ctx.Err() == nil && connection.Err() != nil && p.ended == "" && !p.done {
		p.ended = fmt.Sprintf("the connection is gone: %v", cause)
	}
	return err
}

func sayer(say chan<- *control.Message) func(*control.Message) error {
	return func(m *control.Message) error {
		select {
		case say <- m:
			return nil
		default:
			return errors.New("the node does not read its control stream")
		}
	}
}

// ask opens the control stream, asks for a probe and waits for the terms.
func ask(
	ctx context.Context, session *roq.Session, peer, software string, force bool,
) (stream roq.Stream, node string, terms *control.ProbeTerms, err error) {
	ctx, stop := context.WithTimeout(ctx, helloWithin)
	defer stop()
	if stream, err = session.Control(ctx); err != nil {
		return nil, "", nil, err
	}
	// When ctx ends, so does the wait; setting a deadline on an open stream does not
	// fail.
	release := context.AfterFunc(ctx, func() { _ = stream.SetReadDeadline(time.Now()) })
	defer release()
	open := &control.Message{Probe: &control.Probe{Ask: &control.ProbeAsk{Software: software, Force: force}}}
	if err := control.Write(stream, open); err != nil {
		return nil, "", nil, fmt.Errorf("ask node %s for a probe: %w", peer, err)
	}
	m, err := control.Read(stream)
	if hungUp(err) { // its hello was under way, and is lost with the connection
		return nil, "", nil, &TooOldError{peer, ""}
	}
	if err != nil || m.Hello == nil {
		return nil, "", nil, fmt.Errorf("node %s says no hello: %w", peer, orMessage(err))
	}
	node = m.Hello.Software
	if m, err = control.Read(stream); err != nil {
		if hungUp(err) {
			return nil, "", nil, &TooOldError{peer, node}
		}
		return nil, "", nil, fmt.Errorf("node %s does not answer to a probe: %w", peer, err)
	}
	switch {
	case m.Probe != nil && m.Probe.Refused != "":
		return nil, "", nil, &RefusedError{peer, m.Probe.Refused}
	case m.Probe == nil || m.Probe.Terms == nil:
		return nil, "", nil, &TooOldError{peer, node}
	}
	return stream, node, m.Probe.Terms, nil
}

// hungUp tells whether a read failed because the node closed the connection: it has
// heard what it does not know. The read's own error says so; the connection's
// context may end a moment after the read.
func hungUp(err error) bool {
	_, closed := roq.CloseCode(err)
	return closed
}

func orMessage(err error) error {
	if err == nil {
		return control.ErrMessage
	}
	return err
}

// listen hands on what the node says.
func listen(ctx context.Context, stream io.Reader, heard chan<- *control.Message) error {
	for {
		m, err := control.Read(stream)
		if err != nil {
			return fmt.Errorf("control stream: %w", err)
		}
		select {
		case heard <- m:
		case <-ctx.Done():
			return nil
		}
	}
}

// speak writes what the prober has to say.
func speak(ctx context.Context, stream io.Writer, say <-chan *control.Message) error {
	for {
		select {
		case m := <-say:
			if err := control.Write(stream, m); err != nil {
				return fmt.Errorf("control stream: %w", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}
