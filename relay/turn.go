package relay

import (
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/relay/console"
)

// turn does everything that is due at now.
func (l *link) turn(now time.Time) error {
	if err := l.open(now, l.mail.take()); err != nil {
		return err
	}
	if err := l.ask(now); err != nil {
		return err
	}
	if !now.Before(l.due.announce) {
		if err := l.announce(now); err != nil {
			return err
		}
		l.sender.valueAll(now)
		for _, m := range l.sender.withdraw(now) {
			if err := l.tell(m); err != nil {
				return err
			}
		}
	}
	if msg, ok := l.exchange.Pop(now, nil); ok {
		l.session.TrySend(timeFlow, msg, now.Add(writeWithin)) // a lost one is repeated in a second
	}
	if !now.Before(l.due.publish) {
		l.due.publish = now.Add(publishEvery)
		l.publish(now)
	}
	l.report(now)
	l.due.pump = l.sender.pump(now)
	if serves := len(l.sender.flows) > 0; serves != l.serves.Load() {
		l.serves.Store(serves)
	}
	l.follow()
	return nil
}

// minPace keeps the control stream quick on a link that carries no media.
const minPace = 2_000_000

// follow makes the connection's own controller obey the downlink's pace, and says
// when the downlink has changed what it carries.
func (l *link) follow() {
	if pace := max(int64(l.sender.down.Pace()), minPace); pace != l.told.pace {
		l.told.pace = pace
		l.conn.Controller().Set(pace, 0)
	}
	if n := l.conn.Moves(); n != l.told.moves {
		l.told.moves = n
		l.sender.down.Moved()
		l.log.Info("the peer's address has changed", zap.Stringer("address", l.conn.RemoteAddr()))
		l.table.note(console.Change{Code: console.AddressChanged, Link: l.name, Why: l.conn.RemoteAddr().String()})
	}
	if last, n := l.sender.down.LastSwitch(); n != l.told.switches {
		l.told.switches = n
		l.log.Info("layers changed", zap.String("why", last.Why))
		l.table.note(console.Change{Code: console.LayersChanged, Link: l.name, Rule: last.Rule, Why: last.Why})
	}
}

// report tells the peer what came and what is missing.
func (l *link) report(now time.Time) {
	l.receiver.up.Tick(now)
	l.receiver.drain()
	for b, ok := l.receiver.up.PopReport(now); ok; b, ok = l.receiver.up.PopReport(now) {
		l.session.TrySend(fanout.FeedbackFlow, b, now.Add(writeWithin)) // the next one repeats it
	}
}
