package probe

import (
	"time"

	"github.com/classrelay/classrelay/relay/clock"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
	"github.com/classrelay/classrelay/roq/cc"
)

const (
	// TimeFlow carries the time exchange, as on a link.
	TimeFlow = 1
	// tickEvery is how often arrivals are told and looked at.
	tickEvery = 50 * time.Millisecond
	// leaveWithin is how long a packet may stand in the writer's queue. The schedule
	// has paced it: later the connection is stuck.
	leaveWithin = 200 * time.Millisecond
	// spare is how much faster than the schedule the connection may send, so that
	// nothing waits there.
	spare = 4
)

// Road is the connection that a probe travels on. In gets the packets of TimeFlow
// and TestFlow. Heard gets what the other end says on the control stream, Say
// queues an answer and fails when the other end does not read.
type Road struct {
	Session    *roq.Session
	Controller *cc.Controller
	In         <-chan roq.Received
	Heard      <-chan *control.Message
	Say        func(*control.Message) error
}

func (r *Road) say(p control.Probe) error { return r.Say(&control.Message{Probe: &p}) }

// answer answers a question about the time.
func (r *Road) answer(in roq.Received) {
	var e clock.Exchange
	if b, reply, err := e.Push(in.Arrival, in.Packet, nil); err == nil && reply {
		r.Session.TrySend(TimeFlow, b, in.Arrival.Add(leaveWithin))
	}
}

// player sends the packets of a step.
type player struct {
	road     *Road
	schedule *schedule
	stuck    bool            // the connection did not take what the schedule gave
	late     []time.Duration // how long after its time each packet left
}

// begin plays a step from now on.
func (p *player) begin(step control.ProbeStep, now time.Time) {
	p.schedule, p.stuck = newSchedule(step, now), false
	p.road.Controller.Set(spare*pace(step.Rooms), 0)
}

// pump sends what is due. It tells when the step has ended, and how many packets
// left.
func (p *player) pump(now time.Time) (done bool, sent control.ProbeSent) {
	if p.schedule == nil {
		return false, sent
	}
	for {
		due := p.schedule.Next()
		seq, size, ok := p.schedule.Pop(now)
		if !ok {
			break
		}
		p.late = append(p.late, max(0, now.Sub(due))) // bounded by the time of a probe
		s := stamp{step: p.schedule.step.ID, seq: seq, sent: time.Now().UnixNano()}
		if !p.road.Session.TrySend(TestFlow, s.packet(size), now.Add(leaveWithin)) {
			p.stuck = true // it will look like a loss: the step is worth nothing
		}
	}
	if !p.schedule.over() {
		return false, sent
	}
	return true, p.stop()
}

// stop ends the step.
func (p *player) stop() (sent control.ProbeSent) {
	if p.schedule != nil {
		sent = control.ProbeSent{ID: p.schedule.step.ID, Packets: p.schedule.seq}
	}
	p.schedule = nil
	return sent
}

// next is when pump has something to do; zero without a step.
func (p *player) next() time.Time {
	if p.schedule == nil {
		return time.Time{}
	}
	return p.schedule.Next()
}

// received reads a test packet.
func received(in roq.Received) (arrival, error) {
	s, err := parseStamp(in.Packet)
	return arrival{stamp: s, at: in.Arrival.UnixNano(), size: len(in.Packet)}, err
}
