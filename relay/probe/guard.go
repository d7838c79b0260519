package probe

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const (
	// settleTime: a packet that is missing so long after later ones came is lost.
	settleTime = 20 * time.Millisecond
	// standing is the queue that no packet of a quarter of a second escaped, beside
	// the noise, from which on a step stops: more than a frame waits, and does not
	// go away between frames.
	standing = 25 * time.Millisecond
	// lossMost in 600 ms is what the product takes for congestion, too.
	lossMost  = 0.25
	lossLeast = 50 // packets in those 600 ms
	// lossMore is what a step may lose beyond twice the usual: a short queue or a
	// policer drops in place of delaying. Bursts of five at 2 % were seen to come to
	// 6 % of a step's 650 packets, where the trickle had lost nothing.
	lossMore = 0.15
)

// guard watches a step for congestion, with the product's own estimator.
type guard struct {
	estimator *bwe.Estimator
	base      int64 // of this step in the order of all packets
	tally     *tally
	usual     float64     // loss of the steps before
	sent      []time.Time // by sequence number, of those that came
	at        []time.Time
	size      []int
	read      int // packets of tally.came taken in
	settled   int // sequence numbers reported
	latest    time.Time
	queue     time.Duration // the most that stood in this step
}

func newGuard() *guard { return &guard{estimator: bwe.New(bwe.Config{})} }

// begin watches a step on a line that usually loses such a share.
func (g *guard) begin(t *tally, usual float64) {
	*g = guard{estimator: g.estimator, base: g.base + maxSeq, tally: t, usual: usual}
}

// look takes in what came since the last look and says why the step should stop,
// or nothing.
func (g *guard) look() (stop string) {
	for ; g.read < len(g.tally.came); g.read++ {
		g.note(g.tally.came[g.read])
	}
	results, now := g.results()
	if len(results) == 0 {
		return ""
	}
	g.estimator.OnReport(now, results)
	s := g.estimator.Signals()
	g.queue = max(g.queue, s.Queue250)
	switch {
	case g.tally.step.Rooms == 0:
		return ""
	case s.Queue250 > standing+2*s.Noise:
		return fmt.Sprintf("a queue of %d ms stands", s.Queue250.Milliseconds())
	case s.Loss600 > lossMost+2*g.usual && s.Sent600 >= lossLeast:
		return fmt.Sprintf("%.0f %% lost within 0.6 s", 100*s.Loss600)
	}
	return ""
}

func (g *guard) note(a arrival) {
	for len(g.at) <= int(a.seq) {
		g.sent, g.at, g.size = append(g.sent, time.Time{}), append(g.at, time.Time{}), append(g.size, 0)
	}
	g.sent[a.seq], g.at[a.seq], g.size[a.seq] = time.Unix(0, a.sent), time.Unix(0, a.at), a.size+wireCost
	g.latest = later(g.latest, g.at[a.seq])
}

// results lists the packets whose fate is known by now, in order, and the time
// that it is on the sender's clock.
func (g *guard) results() (list []bwe.Result, now time.Time) {
	last := len(g.at)
	for last > g.settled && (g.at[last-1].IsZero() || g.latest.Sub(g.at[last-1]) < settleTime) {
		last--
	}
	var sent time.Time
	size := fullSize + wireCost
	for i := g.settled; i < last; i++ {
		if !g.sent[i].IsZero() {
			sent, size = g.sent[i], g.size[i]
		}
		if sent.IsZero() {
			continue // lost before the first that came: when it left is not known
		}
		list = append(list, bwe.Result{Seq: g.base + int64(i), Sent: sent, Arrived: g.at[i], Size: size})
		now = later(now, sent)
	}
	g.settled = max(g.settled, last)
	return list, now
}

// lossy says whether a step that is over has lost more than random loss explains.
func lossy(t *tally, usual float64) (stop string) {
	if l := t.loss(); t.offered() >= lossLeast && l > lossMore+2*usual {
		return fmt.Sprintf("%.1f %% lost, %.1f %% without it", 100*l, 100*usual)
	}
	return ""
}
