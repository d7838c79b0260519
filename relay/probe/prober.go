package probe

import (
	"context"
	"time"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
)

// Interval is what is known after another second, for whoever watches.
type Interval struct {
	Since   time.Duration
	Rooms   int // 0: the trickle
	Way     Direction
	RTT     time.Duration // the last
	Down    Pulse
	Up      Pulse
	Stopped string // the step was stopped, in words
	Held    bool   // the step was passed
}

// Pulse is one direction's step so far.
type Pulse struct {
	Packets int
	Loss    float64
	Queue   time.Duration
}

const (
	// drainTime is how long after a step, and a round trip, its last packets and
	// the news of them may come.
	drainTime = 200 * time.Millisecond
	// silence is how long after the end of a step the node may be silent about it.
	silence    = 3 * time.Second
	watchEvery = time.Second
)

// prober is the half of a probe that decides. Its loop owns it.
type prober struct {
	cfg     Config
	road    *Road
	plan    *plan
	player  player
	samples samples
	records map[Direction]*record // Down and Up
	watch   func(Interval)

	began   time.Time
	move    move
	tallies map[Direction]*tally // of the step that runs
	open    map[Direction]bool   // still being sent
	stop    string               // why the step was stopped
	drain   time.Time            // when the step is complete; zero while it is sent
	overdue time.Time
	rested  time.Time // when the trickle ended
	done    bool
	ended   string // why all of it ended early
}

func newProber(cfg Config, road *Road, watch func(Interval)) *prober {
	return &prober{
		cfg: cfg, road: road, plan: newPlan(cfg), player: player{road: road}, watch: watch,
		records: map[Direction]*record{Down: {guard: newGuard()}, Up: {guard: newGuard()}},
	}
}

// run measures until all is known or the context ends.
func (p *prober) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	p.began = time.Now()
	tick, show := p.began, p.began.Add(watchEvery)
	if err := p.advance(p.began); err != nil {
		return err
	}
	for !p.done {
		now := time.Now()
		if err := p.turn(now); err != nil {
			return err
		}
		if !now.Before(tick) {
			tick = now.Add(tickEvery)
			if err := p.look(now); err != nil {
				return err
			}
		}
		if !now.Before(show) {
			show = now.Add(watchEvery)
			p.show(now, false)
		}
		timer.Reset(time.Until(sooner(sooner(tick, p.samples.next), p.player.next())))
		select {
		case <-ctx.Done():
			return nil
		case in := <-p.road.In:
			p.receive(in)
		case m := <-p.road.Heard:
			p.hear(m)
		case <-timer.C:
		}
	}
	return nil
}

// turn sends what is due.
func (p *prober) turn(now time.Time) error {
	if b, ok := p.samples.pop(now); ok {
		p.road.Session.TrySend(TimeFlow, b, now.Add(leaveWithin)) // a lost one is repeated
	}
	if done, sent := p.player.pump(now); done {
		p.sent(Up, sent)
	}
	if p.player.stuck && p.stop == "" {
		return p.halt("this machine cannot send as fast")
	}
	return nil
}

// look asks the guards, and goes on to the next step when this one is complete.
func (p *prober) look(now time.Time) error {
	for way, t := range p.tallies {
		if t == nil || p.stop != "" {
			continue
		}
		if why := p.records[way].guard.look(); why != "" {
			if err := p.halt(why); err != nil {
				return err
			}
		}
	}
	switch {
	case p.ended != "":
		p.settle()
		p.done = true
		return nil
	case !p.drain.IsZero() && !now.Before(p.drain):
		return p.next(now)
	case p.drain.IsZero() && now.After(p.overdue):
		p.ended = "the node has not answered for " + silence.String()
	}
	return nil
}

// halt stops the step that runs.
func (p *prober) halt(why string) error {
	p.stop = why
	if p.open[Up] {
		p.sent(Up, p.player.stop())
	}
	if p.open[Down] {
		return p.road.say(control.Probe{Stop: true})
	}
	return nil
}

// sent notes that a direction's packets have all left.
func (p *prober) sent(way Direction, s control.ProbeSent) {
	if s.ID != p.move.ID || !p.open[way] {
		return
	}
	delete(p.open, way)
	p.tallies[way].sent = int(min(s.Packets, maxSeq))
	if len(p.open) == 0 {
		p.drain = time.Now().Add(best(p.samples.list).rtt + drainTime)
	}
}

// next closes the step and begins another.
func (p *prober) next(now time.Time) error {
	p.settle()
	p.show(now, true)
	if p.move.Rooms == 0 {
		p.rested = now
	}
	if p.stop != "" {
		p.plan.turn()
	}
	return p.advance(now)
}

// settle hands the step's tallies to the records.
func (p *prober) settle() {
	for way, t := range p.tallies {
		r := p.records[way]
		r.guard.look()
		if st := r.settle(t, p.stop); t.step.Rooms > 0 && !st.Holds {
			p.stop = st.Why
		}
	}
	p.tallies = nil
}

// advance begins the next step, if there is one.
func (p *prober) advance(now time.Time) error {
	m, ok := p.plan.pop()
	if !ok {
		p.done = true
		return nil
	}
	p.move, p.stop, p.drain = m, "", time.Time{}
	p.overdue = now.Add(time.Duration(m.ForMs)*time.Millisecond + silence)
	p.tallies, p.open = make(map[Direction]*tally), make(map[Direction]bool)
	for _, way := range []Direction{Down, Up} {
		if m.way != Both && m.way != way {
			continue
		}
		t := &tally{step: m.ProbeStep}
		p.tallies[way], p.open[way] = t, true
		p.records[way].guard.begin(t, p.records[way].losses.share())
	}
	if p.open[Up] {
		p.player.begin(m.ProbeStep, now)
	}
	if p.open[Down] {
		return p.road.say(control.Probe{Send: &m.ProbeStep})
	}
	return nil
}

func (p *prober) receive(in roq.Received) {
	if in.Flow == TimeFlow {
		p.samples.push(in.Arrival, in.Packet)
		return
	}
	if a, err := received(in); err == nil {
		p.count(Down, a)
	}
}

func (p *prober) count(way Direction, a arrival) {
	if t := p.tallies[way]; t != nil && a.step == p.move.ID {
		t.push(a)
	}
}

func (p *prober) hear(m *control.Message) {
	switch b := m.Probe; {
	case b == nil: // nothing that a probe needs
	case b.Refused != "":
		p.ended = b.Refused
	case b.Sent != nil:
		p.sent(Down, *b.Sent)
	case b.Arrived != nil:
		list, err := parseArrived(b.Arrived)
		if err != nil {
			p.ended = err.Error()
			return
		}
		for _, a := range list {
			p.count(Up, a)
		}
	}
}

// show tells whoever watches.
func (p *prober) show(now time.Time, end bool) {
	if p.watch == nil {
		return
	}
	i := Interval{
		Since: now.Sub(p.began), Rooms: p.move.Rooms, Way: p.move.way, Stopped: p.stop, Held: end && p.stop == "",
	}
	if n := len(p.samples.list); n > 0 {
		i.RTT = p.samples.list[n-1].rtt
	}
	pulse := func(way Direction) (u Pulse) {
		r := p.records[way]
		if t := r.guard.tally; t != nil {
			u = Pulse{Packets: len(t.came), Queue: r.guard.queue}
			if n := len(t.there); n > 0 { // those under way are not lost
				u.Loss = float64(n-len(t.came)) / float64(n)
			}
		}
		return u
	}
	i.Down, i.Up = pulse(Down), pulse(Up)
	p.watch(i)
}

// result are the figures so far.
func (p *prober) result(now time.Time, interrupted bool) *Result {
	if len(p.tallies) > 0 { // the step under way tells how the line loses, but not whether it holds
		for way, t := range p.tallies {
			t.step.Rooms = 0
			if r := p.records[way]; r.rest == nil {
				r.settle(t, p.stop)
			}
		}
	}
	if p.rested.IsZero() {
		p.rested = now
	}
	down, up := p.records[Down], p.records[Up]
	r := &Result{
		Began: p.began, Lasted: now.Sub(p.began), Interrupted: interrupted, Ended: p.ended,
		RTT: spread(p.samples.rtts(p.began, p.rested)), Down: down.way(), Up: up.way(), Late: spread(p.player.late),
	}
	if b := best(p.samples.list); b.rtt > 0 {
		r.Clock = Clock{Known: true, Offset: b.offset, Error: b.rtt / 2}
		r.Clock.Drift, r.Clock.DriftError, r.Clock.DriftKnown = p.samples.drift()
		if e := p.cfg.ClockError; e > 0 && e < r.Clock.Error {
			r.Clock.Offset, r.Clock.Error = 0, e
		}
	}
	if down.rest != nil && up.rest != nil && len(down.rest.came) > 0 && len(up.rest.came) > 0 {
		delays(&r.Down, &r.Up, down.fast, up.fast, p.cfg.ClockError)
	}
	return r
}
