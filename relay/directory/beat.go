package directory

import "time"

const (
	// gather is how long changes that come together are collected: the tracks of a
	// camera, the cameras of a school that is switched on.
	gather = 20 * time.Millisecond
	// ownRate is what a school's own list may take of its line, in bytes a second
	// (50 kbit/s), and ownBurst what it may save up.
	ownRate  = 50_000 / 8
	ownBurst = 64 << 10
	// sumRate is the same for a sum, on the fibre between counties and city: 4 Mbit/s
	// tell the top of a province with 26,000 feeds within five seconds.
	sumRate  = 4_000_000 / 8
	sumBurst = 256 << 10
)

// beat says when something is to be told: soon after it changed, and every so often
// without that; never so often that it takes more than its share of the line. It is told
// the time. The zero value is due at once.
type beat struct {
	rate, burst int // bytes a second, and bytes
	every       time.Duration
	next        time.Time
	owed        int // bytes sent and not yet earned
	at          time.Time
}

// news says that something has changed.
func (b *beat) news(now time.Time) {
	if soon := now.Add(gather); b.next.After(soon) {
		b.next = soon
	}
}

// due tells whether it is time.
func (b *beat) due(now time.Time) bool { return !now.Before(b.when()) }

// when is the time at which it will be due.
func (b *beat) when() time.Time {
	if over := b.owed - b.burst; over > 0 {
		if paid := b.at.Add(time.Duration(over) * time.Second / time.Duration(b.rate)); paid.After(b.next) {
			return paid
		}
	}
	return b.next
}

// sent says that so many bytes went out.
func (b *beat) sent(now time.Time, bytes int) {
	earned := int(now.Sub(b.at).Seconds() * float64(b.rate))
	if b.at.IsZero() || earned > b.owed {
		earned = b.owed
	}
	b.owed += bytes - earned
	b.at, b.next = now, now.Add(b.every)
}
