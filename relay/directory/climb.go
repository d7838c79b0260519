package directory

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// sumTick is how often is looked for what the level above has not heard yet, beside
// changes: each list is due five seconds after it was last told, and so they spread.
const sumTick = 250 * time.Millisecond

// sum tells the level above what it is to know, until ctx ends.
func (d *Directory) sum(ctx context.Context) {
	pace := beat{rate: sumRate, burst: sumBurst, every: sumTick}
	var seq uint64
	timer := time.NewTimer(0)
	defer timer.Stop()
	changed := d.Changed()
	for {
		now := time.Now()
		for pace.due(now) {
			body, more := d.nextSum(now, &seq)
			pace.sent(now, len(body))
			if body == nil {
				break
			}
			d.publish(d.above, Sums(d.self, d.cfg.Role), body)
			if !more {
				break
			}
			pace.next = now // as long as the line has room
		}
		timer.Reset(time.Until(pace.when()))
		select {
		case <-timer.C:
		case <-changed:
			changed = d.Changed()
			pace.news(time.Now())
		case <-d.above.Up():
			d.mu.Lock()
			d.table.forgetTold()
			d.mu.Unlock()
			pace.news(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// nextSum is the next message to the level above, and whether there is more. Nil: nothing
// is due.
func (d *Directory) nextSum(now time.Time, seq *uint64) (body []byte, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	nodes := d.table.Sum(now, d.cfg.Share, sumRoom)
	if len(nodes) == 0 {
		return nil, false
	}
	*seq++
	a := &Announcement{From: d.self.Name, County: d.self.County, Epoch: d.table.own.Epoch, Seq: *seq, Nodes: nodes}
	body, err := a.encode()
	if err != nil {
		d.log.Error("the level above cannot be told", zap.Error(err))
		return nil, false
	}
	d.counts.Sums++
	return body, true
}
