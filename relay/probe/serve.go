package probe

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
)

const (
	// serveMost is how long one probe may take, with the pauses between its steps.
	serveMost = 2 * MaxFor
	// lessonEvery is how often a node looks whether a lesson has begun.
	lessonEvery = 200 * time.Millisecond
)

// Desk is where a node decides who may probe it: one at a time, and nobody while
// a lesson runs. Safe for concurrent use.
type Desk struct {
	// Off refuses everybody.
	Off bool
	// MaxRate bounds what the node sends for a probe, in bit/s. Required.
	MaxRate int64
	// Watched counts the streams that somebody watches through this node now.
	// Required.
	Watched func() int
	// Above tells the node's links towards the top of the tree.
	Above func() []control.Hop

	busy atomic.Bool
}

// refusal says why a probe may not be, or nothing.
func (d *Desk) refusal(force bool) string {
	if d.Off {
		return "this node is not to be probed: links.probe is off in its configuration"
	}
	if n := d.Watched(); n > 0 && !force {
		return fmt.Sprintf("a lesson runs: %d streams are being watched through this node; "+
			"--force measures all the same, and takes its share of the line", n)
	}
	return ""
}

// Serve carries a probe that somebody has asked for until that one leaves, the
// context ends, or the node has had enough of it; it says why.
func (d *Desk) Serve(ctx context.Context, road Road, ask *control.ProbeAsk, datagram int) error {
	why := d.refusal(ask.Force)
	if why == "" && !d.busy.CompareAndSwap(false, true) {
		why = "another probe runs at this node; try again in a minute"
	}
	if why != "" {
		return d.refuse(ctx, &road, why)
	}
	defer d.busy.Store(false)
	terms := &control.ProbeTerms{MaxRate: d.MaxRate, MaxMs: serveMost.Milliseconds(), DatagramSize: datagram}
	if d.Above != nil {
		terms.Above = d.Above()
	}
	if err := road.say(control.Probe{Terms: terms}); err != nil {
		return err
	}
	g := &giver{desk: d, road: &road, player: player{road: &road}, force: ask.Force}
	why, err := g.run(ctx)
	if why != "" {
		return d.refuse(ctx, &road, why)
	}
	return err
}

// farewell is how long a refused one may take to read why.
const farewell = 2 * time.Second

// refuse says why, and leaves the other end the time to hear it and to hang up.
func (d *Desk) refuse(ctx context.Context, road *Road, why string) error {
	if err := road.say(control.Probe{Refused: why}); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(farewell):
	}
	return fmt.Errorf("probe refused: %s", why)
}

// giver is the node's half of a probe. Run owns it.
type giver struct {
	desk   *Desk
	road   *Road
	player player
	force  bool
	came   []arrival // not told yet
}

// run plays and reports until the context ends.
func (g *giver) run(ctx context.Context) (refused string, err error) {
	ctx, stop := context.WithTimeout(ctx, serveMost)
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var tick, lesson time.Time
	for {
		now := time.Now()
		if err := g.pump(now); err != nil {
			return "", err
		}
		if !now.Before(tick) {
			tick = now.Add(tickEvery)
			if err := g.tell(); err != nil {
				return "", err
			}
		}
		if !now.Before(lesson) {
			lesson = now.Add(lessonEvery)
			if why := g.desk.refusal(g.force); why != "" {
				return why, nil
			}
		}
		timer.Reset(time.Until(sooner(tick, g.player.next())))
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Sprintf("a probe takes at most %s", serveMost), nil
			}
			return "", nil
		case in := <-g.road.In:
			g.receive(in)
		case m := <-g.road.Heard:
			if err := g.hear(m, time.Now()); err != nil {
				return "", err
			}
		case <-timer.C:
		}
	}
}

func (g *giver) pump(now time.Time) error {
	if done, sent := g.player.pump(now); done {
		return g.road.say(control.Probe{Sent: &sent})
	}
	return nil
}

// tell reports what came, in pieces that fit into a message.
func (g *giver) tell() error {
	for len(g.came) > 0 {
		n := min(len(g.came), maxArrived)
		if err := g.road.say(control.Probe{Arrived: formatArrived(g.came[:n])}); err != nil {
			return err
		}
		g.came = g.came[n:]
	}
	g.came = g.came[:0]
	return nil
}

func (g *giver) receive(in roq.Received) {
	if in.Flow == TimeFlow {
		g.road.answer(in)
		return
	}
	// Bounded: a tick takes all of it away.
	if a, err := received(in); err == nil && len(g.came) < 4*maxArrived {
		g.came = append(g.came, a)
	}
}

func (g *giver) hear(m *control.Message, now time.Time) error {
	switch p := m.Probe; {
	case p == nil:
		return fmt.Errorf("%w: not about the probe that runs", control.ErrMessage)
	case p.Send != nil && rate(p.Send.Rooms) > g.desk.MaxRate:
		return fmt.Errorf("%w: %d rooms are beyond the %.0f Mbit/s told", control.ErrMessage, p.Send.Rooms,
			float64(g.desk.MaxRate)/1e6)
	case p.Send != nil:
		g.player.begin(*p.Send, now)
	case p.Stop && g.player.schedule != nil:
		sent := g.player.stop()
		return g.road.say(control.Probe{Sent: &sent})
	}
	return nil
}

// sooner is the earlier of two times of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
