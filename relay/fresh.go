package relay

import (
	"context"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/identity"
)

const (
	// staleAfter is how long a node may hear of the county's records from no hub before it
	// says so: what was revoked meanwhile it does not know. By then somebody should have
	// looked after the line. Certificates are taken on all the same: lessons go first.
	staleAfter = 7 * 24 * time.Hour
	// judgeEvery is how often that is looked at, and how long a node that has just started
	// has to hear from a hub: after a summer all are switched on together.
	judgeEvery = time.Minute
	// keepEvery is how far what the disk has of it may be behind: each is a sync of the
	// disk. A power cut lets the node speak up to an hour too early.
	keepEvery = time.Hour
)

// freshness tells whether what a node has of the county's records, what was revoked among
// it, is too old. It is told the time. Call begin first.
type freshness struct {
	since    time.Time // a hub has answered last, or this node has begun to wait for one
	kept     time.Time // as much of that as the disk has; zero: nothing
	patience time.Time // before that nothing is said
	stale    bool      // that was said
}

// begin starts with what the disk has; zero: nothing. What is later than now was written by
// a clock that was wrong, or this one is: the wait begins anew.
func (f *freshness) begin(now, kept time.Time) {
	*f = freshness{since: now, patience: now.Add(judgeEvery)}
	if kept.IsZero() {
		return
	}
	if age := now.Sub(kept); age > 0 {
		f.since = now.Add(-age) // kept, by the clock that nobody sets
	}
	f.kept = f.since
}

// answered says that a hub has told what was lacking, or that nothing is.
func (f *freshness) answered(now time.Time) { f.since = now }

// due tells whether the disk should have it.
func (f *freshness) due() bool { return f.kept.IsZero() || f.since.Sub(f.kept) >= keepEvery }

// look tells whether the records have become stale, or fresh again, since the last look.
// A node that follows nobody, because it writes them or has none, has none that are.
func (f *freshness) look(now time.Time, follows bool) (turned bool) {
	stale := follows && now.Sub(f.since) >= staleAfter && !now.Before(f.patience)
	turned = stale != f.stale
	f.stale = stale
	return turned
}

// mayFollow tells whether there are nodes that instruct this one, see mayInstruct.
func mayFollow(self identity.Member) bool {
	return self.County != "" && (self.Level() == identity.Hub || self.Level() == identity.School)
}

// judge looks, every so often, whether the records are stale.
func (r *records) judge(ctx context.Context, now time.Time) {
	if now.Before(r.judgeNext) || !mayFollow(r.node.who) {
		return
	}
	r.judgeNext = now.Add(judgeEvery)
	g, err := r.store.Standing(ctx)
	if err != nil {
		r.complain(ctx, err)
		return
	}
	if r.fresh.since.IsZero() {
		r.fresh.begin(now, g.Heard)
	}
	follows := !g.Writer && g.Epoch > 0 // one that never had records waits for its first
	if follows {
		r.keepHeard(ctx)
	}
	r.sayAge(now, follows)
}

// answered notes that a hub has answered.
func (r *records) answered(ctx context.Context, now time.Time) {
	r.fresh.answered(now)
	r.keepHeard(ctx)
	r.sayAge(now, true)
}

func (r *records) keepHeard(ctx context.Context) {
	if !r.fresh.due() {
		return
	}
	if err := r.store.Hear(ctx, r.fresh.since); err != nil {
		r.complain(ctx, err)
		return // tried again
	}
	r.fresh.kept = r.fresh.since
}

// sayAge says, once, that the records are stale, and that they are not any more.
func (r *records) sayAge(now time.Time, follows bool) {
	if !r.fresh.look(now, follows) {
		return
	}
	if !r.fresh.stale {
		r.stale.Store(nil)
		r.log.Info("the county's records are up to date again")
		r.node.table.note(console.Change{Code: console.RecordsFresh})
		return
	}
	since := r.fresh.since
	r.stale.Store(&since)
	r.log.Warn(staleWords(now, since))
	r.node.table.note(console.Change{
		Code: console.RecordsStale, Why: "no hub has answered since " + since.UTC().Format(time.DateOnly),
	})
}

// staleWords says it to an operator.
func staleWords(now, since time.Time) string {
	return fmt.Sprintf("no hub has answered for the county's records since %s, %d days: certificates that were revoked "+
		"since then are still taken here, and what the county has changed is not known; "+
		"look after the line to the hubs (classrelay doctor --config FILE)",
		since.UTC().Format(time.DateOnly), int(now.Sub(since).Hours()/24))
}

// reportAge adds the alarm.
func (r *records) reportAge(now time.Time, to *Report) {
	if since := r.stale.Load(); since != nil {
		to.alarm("records_stale", "%s", staleWords(now, *since))
	}
}
