// Package audit makes entries of the audit log from refusals, of which a stranger can
// cause any number.
//
// What is refused for the first time is written down at once. When the same is refused
// again, to the same node at the same address, it is counted, and a minute later the count
// is written down. Whoever makes up names and addresses runs into a budget for all of them
// together, beyond which one entry a minute says how many more there were. So every refusal
// is in the log, by itself or in a number, and a flood cannot fill the disk: the log grows
// by 13 entries a minute at most, some 5 MB a day.
//
// Tally is a core: no clock, no lock.
package audit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/classrelay/classrelay/relay/store"
)

const (
	// window is for how long the same is counted before the count is written down.
	window = time.Minute
	// burst entries can be written at once, and then one every so often.
	burst = 30
	every = 5 * time.Second
	// mostOpen bounds what is counted by itself; more would not fit the budget anyway.
	mostOpen = 64
)

// Tally counts refusals. The zero value is ready.
type Tally struct {
	open map[subject]*count
	full time.Time // when the budget is all there again
	rest count     // what had no budget or no room
}

// subject is what counts as the same.
type subject struct{ action, actor, host string }

type count struct {
	last  store.Event
	more  int // since the last entry
	until time.Time
}

// Refused takes a refusal in and returns the entry to write, if there is one now.
func (t *Tally) Refused(now time.Time, e store.Event) (entry store.Event, write bool) {
	is := subject{e.Action, e.Actor, hostOf(e.Source)}
	if c := t.open[is]; c != nil {
		c.last = e
		c.more++
		return store.Event{}, false
	}
	if len(t.open) >= mostOpen || !t.afford(now) {
		t.leftOver(now, e, 1)
		return store.Event{}, false
	}
	if t.open == nil {
		t.open = make(map[subject]*count)
	}
	t.open[is] = &count{last: e, until: now.Add(window)}
	return e, true
}

// afford draws an entry from the budget.
func (t *Tally) afford(now time.Time) bool {
	if t.full.Before(now) {
		t.full = now
	}
	if t.full.Sub(now) > (burst-1)*every {
		return false
	}
	t.full = t.full.Add(every)
	return true
}

func (t *Tally) leftOver(now time.Time, e store.Event, n int) {
	if t.rest.more == 0 {
		t.rest.until = now.Add(window)
	}
	t.rest.last = e
	t.rest.more += n
}

// Due returns the entries whose minute is over, oldest first. Call it every few seconds.
func (t *Tally) Due(now time.Time) (entries []store.Event) {
	for is, c := range t.open {
		switch {
		case now.Before(c.until):
		case c.more == 0:
			delete(t.open, is)
		case t.afford(now):
			entries = append(entries, c.sum())
			c.more, c.until = 0, now.Add(window)
		default:
			t.leftOver(now, c.last, c.more)
			delete(t.open, is)
		}
	}
	if t.rest.more > 0 && !now.Before(t.rest.until) {
		entries = append(entries, t.others())
		t.rest.more = 0
	}
	return inOrder(entries)
}

// Rest returns all that is still counted, for the end.
func (t *Tally) Rest() (entries []store.Event) {
	for _, c := range t.open {
		if c.more > 0 {
			entries = append(entries, c.sum())
		}
	}
	if t.rest.more > 0 {
		entries = append(entries, t.others())
	}
	t.open, t.rest = nil, count{}
	return inOrder(entries)
}

// sum is the last refusal, with how many came before it.
func (c *count) sum() store.Event {
	e := c.last
	if c.more > 1 {
		e.Result = fmt.Sprintf("%d times within a minute, the last one: %s", c.more, e.Result)
	}
	return e
}

// others sums up those that are not told one by one.
func (t *Tally) others() store.Event {
	e := t.rest.last
	e.Result = fmt.Sprintf("%d more refusals within a minute, too many to list; the last one: %s of %s at %s: %s",
		t.rest.more, e.Action, e.Actor, e.Source, e.Result)
	e.Action, e.Actor, e.Source = More, "several", "several addresses"
	return e
}

const (
	// More is the action of an entry that sums up refusals of several kinds.
	More = "refuse.more"
	// Flood is that of one which sums up strangers who never got so far as to be refused.
	Flood = "handshake.flood"
)

func inOrder(entries []store.Event) []store.Event {
	slices.SortFunc(entries, func(a, b store.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Actor, b.Actor),
			cmp.Compare(a.Source, b.Source))
	})
	return entries
}

// hostOf leaves out the port, which is another one with each try.
func hostOf(address string) string {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		return ap.Addr().String()
	}
	return address
}
