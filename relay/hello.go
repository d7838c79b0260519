package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/route"
	"github.com/classrelay/classrelay/roq"
)

// shake opens the control stream and exchanges Hello. A peer that dialled may say
// instead that it wants to probe the line.
func (l *link) shake(ctx context.Context) (roq.Stream, *control.ProbeAsk, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	stream, err := l.session.Control(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("open the control stream: %w", err)
	}
	deadline, _ := ctx.Deadline()
	if err := errors.Join(stream.SetReadDeadline(deadline), stream.SetWriteDeadline(deadline)); err != nil {
		return nil, nil, fmt.Errorf("open the control stream: %w", err)
	}
	hello := &control.Message{Hello: &control.Hello{
		Protocol: control.Version, Software: l.version, Line: l.leg.line, Duplicate: l.leg.twice,
		Directory: l.leg.take != nil, Asks: l.leg.asks,
	}}
	if err := control.Write(stream, hello); err != nil {
		return nil, nil, fmt.Errorf("say hello: %w", err)
	}
	var ask *control.ProbeAsk
	m, err := control.Read(stream)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("wait for the peer's hello: %w", err)
	case !l.dialled && m.Probe != nil && m.Probe.Ask != nil:
		ask = m.Probe.Ask
	case m.Hello == nil:
		return nil, nil, fmt.Errorf("%w: the first message is no hello", control.ErrMessage)
	case m.Hello.Protocol != control.Version:
		return nil, nil, fmt.Errorf(
			"the peer runs %s, which speaks protocol %d; this node (%s) speaks %d: update the older of the two",
			m.Hello.Software, m.Hello.Protocol, l.version, control.Version)
	}
	if m.Hello != nil {
		l.theirs = *m.Hello
	}
	if !l.dialled && l.theirs.Line != "" {
		l.goesOver(l.theirs.Line, l.theirs.Duplicate)
	}
	return stream, ask, errors.Join(stream.SetReadDeadline(time.Time{}), stream.SetWriteDeadline(time.Time{}))
}

// goesOver takes over what the dialler calls its line. Before the link is in the table.
func (l *link) goesOver(line string, twice bool) {
	l.leg.line, l.leg.twice = line, twice
	l.name = route.Peer(l.peer, line)
	l.sender.peer = l.name
	l.log = l.log.With(zap.String("line", line))
	st := *l.status.Load()
	st.Peer = l.name
	l.status.Store(&st)
}
