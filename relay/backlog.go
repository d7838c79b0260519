package relay

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/relay/store"
)

// mostLate is how many entries of the audit log wait for a disk that takes nothing. When
// refusals keep coming the log gets one every five seconds (relay/audit), so this is
// twenty minutes of the worst.
const mostLate = 256

// backlog keeps what could not be written into the audit log, oldest first, until it can
// be. When it is full new entries are lost, and their number is not. It is a core; the
// zero value is empty.
type backlog struct {
	waiting []store.Event
	lost    int
	first   time.Time // when the first of those happened that are lost
	last    time.Time
}

// add keeps an entry.
func (b *backlog) add(e store.Event) {
	if len(b.waiting) < mostLate {
		b.waiting = append(b.waiting, e)
		return
	}
	if b.lost == 0 {
		b.first = e.At
	}
	b.lost++
	b.last = e.At
}

// next is what is to be written now: what waits, and then an entry about what is lost.
func (b *backlog) next(node string, now time.Time) (e store.Event, ok bool) {
	switch {
	case len(b.waiting) > 0:
		return b.waiting[0], true
	case b.lost > 0:
		return store.Event{
			At: now, Actor: "classrelay", Source: "store", Action: "audit.gap", Object: node,
			Result: fmt.Sprintf("%d entries from %s to %s are lost: they could not be written down", b.lost,
				b.first.UTC().Format(time.RFC3339), b.last.UTC().Format(time.RFC3339)),
		}, true
	}
	return e, false
}

// written forgets what next gave.
func (b *backlog) written() {
	if len(b.waiting) > 0 {
		b.waiting = b.waiting[1:]
		return
	}
	b.lost = 0
}
