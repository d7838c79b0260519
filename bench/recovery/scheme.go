package recovery

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// scheme is a way to repair: both ends of it.
type scheme interface {
	sending
	receiving
}

// sending is the end that has the packets.
type sending interface {
	// push tells that a packet is being sent.
	push(now time.Time, p *media.Packet)
	// feedback takes what report made at the other end.
	feedback(now time.Time, b []byte) error
	// repair returns the next packet of repair, and whether it goes before media.
	repair(now time.Time) (b []byte, urgent, ok bool)
}

// receiving is the end that wants them.
type receiving interface {
	// media and parity take what comes; restored is what that brings back.
	media(now time.Time, p *media.Packet)
	parity(now time.Time, b []byte) error
	restored(now time.Time) ([]byte, bool)
	// report returns feedback that is due; next tells when the next may be.
	report(now time.Time) ([]byte, bool)
	next() time.Time
}
