package relay

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
)

// What comes in over a link, by the link's own loop: datagrams, and control messages.

// receive takes one datagram in.
func (l *link) receive(r roq.Received) {
	l.heard.Add(1)
	switch r.Flow {
	case timeFlow:
	case fanout.FeedbackFlow:
		_ = l.sender.down.Feedback(r.Arrival, r.Packet) // no report: nothing depends on it
		return
	default:
		l.receiver.push(r.Arrival, r.Flow, r.Packet)
		return
	}
	answer, reply, err := l.exchange.Push(r.Arrival, r.Packet, nil)
	if err != nil {
		return // not ours; nothing depends on it
	}
	if reply {
		l.session.TrySend(timeFlow, answer, r.Arrival.Add(writeWithin))
	}
	if o := l.exchange.Offset(r.Arrival); o.Known {
		l.receiver.up.SetOffset(o.At, o.Offset)
	}
}

// receiveMore takes in what has come meanwhile, up to a bound so that sending is
// not starved.
func (l *link) receiveMore() {
	for range 256 {
		select {
		case r := <-l.in:
			l.receive(r)
		default:
			return
		}
	}
}

// hear acts on a control message.
func (l *link) hear(now time.Time, m *control.Message) error {
	l.heard.Add(1)
	switch {
	case m.Feeds != nil:
		feeds := l.table.vet(l.who, l.conn.RemoteAddr(), m.Feeds.Feeds)
		l.table.learn(l.name, feeds, l.exchange.Offset(now).Uncertainty)
		l.table.withdrawnBy(l.name, m.Feeds.Withdrawn)
		l.receiver.learned()
		st := *l.status.Load()
		st.Above = m.Feeds.Above
		l.status.Store(&st)
	case m.Hear != nil:
		l.hears = m.Hear.Feeds
		l.table.asked(l, m.Hear.Feeds)
		l.due.announce = now
	case m.Subscribe != nil:
		err := l.table.mayHave(l, m.Subscribe)
		if err == nil {
			err = l.sender.open(now, m.Subscribe)
		}
		if err != nil {
			if errors.Is(err, errNoRight) {
				l.table.overask(l.who, l.conn.RemoteAddr(), err)
			} else {
				l.log.Info("subscription refused", zap.Error(err))
			}
			return l.tell(&control.Message{Refused: &control.Refused{Flow: m.Subscribe.Flow, Why: err.Error()}})
		}
	case m.Unsubscribe != nil:
		l.sender.leave(now, m.Unsubscribe.Flow)
	case m.Refused != nil:
		if l.receiver.decline(now, m.Refused.Flow) {
			l.log.Warn("the peer refuses a subscription; it is asked again", zap.String("why", m.Refused.Why))
		}
	case m.KeyFrame != nil:
		l.sender.keyFrame(m.KeyFrame.Flow)
	case m.Classes != nil:
		if l.table.mayRule(l.who) {
			l.table.classes.learn(l.name, l.dialled, m.Classes.Classes)
		}
	case m.Ask != nil:
		if err := l.table.classes.asked(l.name, m.Ask); err != nil {
			l.table.turnRefused(l.who, l.conn.RemoteAddr(), m.Ask, err)
		}
	case m.Records != nil:
		l.table.records.heard(l, m.Records)
	}
	return nil
}

// signs counts whatever shows that the peer is there: what it sent, and what it has
// acknowledged.
func (l *link) signs() uint64 { return l.heard.Load() + l.conn.Controller().Stats().Acked }
