package engine

import "time"

const (
	// lookEvery is how often the watchdog looks.
	lookEvery = 10 * time.Second
	// hungAfter is how long a leaf link may be missing that could be made. Leaf links of
	// NATS were seen to stop reconnecting for hours on lines that flap (nats-server
	// #7615); a new server in this process takes some ten milliseconds.
	hungAfter = 3 * time.Minute
)

// watchdog notices a link that is not made although it could be. It is told the time.
type watchdog struct {
	after   time.Duration
	missing time.Time // since when; zero = it is there, or cannot be
}

// look tells whether the server is to be made anew. reachable is asked only while there is
// no link.
func (w *watchdog) look(now time.Time, link bool, reachable func() bool) bool {
	switch {
	case link || !reachable():
		w.missing = time.Time{}
	case w.missing.IsZero():
		w.missing = now
	case now.Sub(w.missing) >= w.after:
		w.missing = time.Time{}
		return true
	}
	return false
}
