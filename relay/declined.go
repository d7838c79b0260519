package relay

import "time"

const (
	// askAgain is how soon a peer that declined to give a layer is asked again: it may have
	// lost its own way to the feed for just the moment in which our question came, and what
	// it announces before and after is the same. From then on each time twice as late.
	askAgain = 250 * time.Millisecond
	// mostAskAgain is the longest: as often as a peer repeats its announcement. One that
	// forbids the layer writes every question down.
	mostAskAgain = announceEvery
)

// declined are the layers that a peer does not give and that are still wanted of it.
type declined map[target]decline

type decline struct {
	until time.Time     // not to be asked for before
	wait  time.Duration // the last one
}

// add notes that the peer does not give a layer.
func (d declined) add(now time.Time, t target) {
	was := d[t]
	wait := min(2*was.wait, mostAskAgain)
	if now.Sub(was.until) > mostAskAgain { // the first time, or it was given meanwhile
		wait = askAgain
	}
	d[t] = decline{now.Add(wait), wait}
}

// next is when one of them is to be asked for; zero: none is.
func (d declined) next(now time.Time) (next time.Time) {
	for _, f := range d {
		if f.until.After(now) && (next.IsZero() || f.until.Before(next)) {
			next = f.until
		}
	}
	return next
}
