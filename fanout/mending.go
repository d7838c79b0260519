package fanout

import (
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
	"github.com/classrelay/classrelay/internal/feedback"
	"github.com/classrelay/classrelay/internal/repair"
)

// mending is what the flows of a link share to repair what it loses: the ledger of
// what left, the loss model, the planner, and what is known of the path.
type mending struct {
	loss    *repair.LossModel
	planner *repair.Planner
	ledger  *feedback.Ledger
	path    repair.Path
	order   order
	queue   queueing
	budget  budget
	results []feedback.Result
	fates   []bwe.Result
	came    int // bytes of copied packets that came since the last fate
}

func newMending(deadline time.Duration) mending {
	loss := &repair.LossModel{}
	return mending{
		loss:    loss,
		planner: repair.NewPlanner(repair.PlannerConfig{}, loss),
		ledger:  feedback.NewLedger(feedback.LedgerConfig{}, loss),
		path:    repair.Path{Deadline: deadline},
	}
}

func (m *mending) sender() *repair.Sender {
	s := repair.NewSender(repair.SenderConfig{}, m.planner)
	s.SetPath(m.path)
	return s
}

// sent enters a packet.
func (m *mending) sent(now time.Time, flow uint64, seq uint16, size int, key bool) {
	m.ledger.Sent(m.order.add(now), flow, seq, size, key)
}

// copied enters a packet that was sent before.
func (m *mending) copied(now time.Time, flow uint64, seq uint16, size int, key bool) {
	m.ledger.Sent(now, flow, seq, size, key)
	m.order.pass(size)
}

// settle reads a report: what became of which packet.
func (m *mending) settle(now time.Time, r *feedback.Report) []bwe.Result {
	m.results = m.ledger.Report(now, r, m.results[:0])
	m.fates = m.fates[:0]
	for i := range m.results {
		f := &m.results[i]
		if !f.Arrived.IsZero() {
			m.queue.arrived(now, f.Arrived.Sub(f.Sent))
		}
		number, beside := m.order.of(f.Sent)
		if f.Copied {
			// Which of the copies came is not known, nor how long it took.
			if !f.Arrived.IsZero() {
				m.came += f.Size + beside
			}
			continue
		}
		m.fates = append(m.fates, bwe.Result{
			Seq: number, Sent: f.Sent, Arrived: f.Arrived, Size: f.Size, Key: f.Key, Beside: beside + m.came,
		})
		m.came = 0
	}
	return m.fates
}

// RepairSent counts the parity of a link.
type RepairSent struct {
	Proactive uint64 // rows sent with frames
	OnDemand  uint64 // rows sent on request, in time
	Late      uint64 // rows sent on request, after the deadline
	Requests  uint64
	Withheld  uint64 // rows not sent because answers took too much of the link
}

func (r *RepairSent) add(s repair.SenderStats) {
	r.Proactive += s.Proactive
	r.OnDemand += s.OnDemand
	r.Late += s.Late
	r.Requests += s.Requests
}

// Feedback takes a report from the other end: it answers the requests in it and
// decides anew what fits. An error means that it was no report.
func (d *Downlink) Feedback(now time.Time, b []byte) error {
	r, err := feedback.Parse(b)
	if err != nil {
		return err
	}
	d.steer.report(now, d.mend.settle(now, r))
	d.setQueue(now)
	for i := range r.Flows {
		q := &r.Flows[i]
		if f := d.flow(q.Flow); f != nil && f.repair != nil && !f.given && len(q.Requests) > 0 {
			f.repair.Feedback(now, q)
			d.parity(now, f)
		}
	}
	d.decide(now)
	return nil
}

// SetPath tells the link's round trip without queue, as the transport knows it.
func (d *Downlink) SetPath(rtt time.Duration) {
	if rtt <= 0 || rtt == d.mend.path.RTT {
		return
	}
	d.mend.path.RTT = rtt
	d.steer.estimator.SetRTT(rtt)
	for _, f := range d.flows {
		if f.repair != nil {
			f.repair.SetPath(d.mend.path)
		}
	}
}

// setQueue tells the repair of each flow how long packets stand in a queue now.
func (d *Downlink) setQueue(now time.Time) {
	q, held := d.mend.queue.longest(now), time.Duration(0)
	if d.steer.verdict.Beside {
		held = d.steer.estimator.Signals().Queue
	}
	if q == d.mend.path.Queue && held == d.mend.path.Held {
		return
	}
	d.mend.path.Queue, d.mend.path.Held = q, held
	for _, f := range d.flows {
		if f.repair != nil {
			f.repair.SetPath(d.mend.path)
		}
	}
}
