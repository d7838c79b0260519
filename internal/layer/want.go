package layer

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Picture is what of a feed's picture a link carries. Sound goes with any of them.
type Picture uint8

// The pictures, poorest first.
const (
	None Picture = iota // sound only
	Sub                 // the sub stream
	Main                // the main stream
)

// String returns the word used in messages.
func (p Picture) String() string {
	switch p {
	case None:
		return "sound only"
	case Sub:
		return "sub"
	case Main:
		return "main"
	}
	return fmt.Sprintf("picture%d", uint8(p))
}

// Importance orders the feeds of a link: who keeps the better picture longer.
type Importance uint8

// The feeds of a lesson, least important first.
const (
	Pupils  Importance = iota // the zero value: a camera nobody said anything about
	Board                     // the blackboard, a document camera
	Teacher                   // the teacher
)

// Feed is what a link may carry of one feed. The rates are the measured ones of
// the last 10 s with the repair planner's share; 0 means that the layer does not
// exist or that nobody behind the link wants it.
type Feed struct {
	ID         media.FeedID
	Importance Importance
	// Shown says that a class watches the feed now: it has a picture before any other feed
	// has. For a better one it stands in line.
	Shown            bool
	Audio, Sub, Main float64
	// Fixed pins the picture (fixed_layer in the configuration): a layer other
	// than FixedAt is not considered. Sound only stays possible when the link
	// cannot carry the pinned layer.
	Fixed   bool
	FixedAt Picture
}

// Want is what the viewers behind a link want, and how the sending of it stands.
type Want struct {
	Feeds []Feed
	// Sending is the rate of the layers that flow now. After a step up it lags
	// behind the level until the key frame comes. 0: the level flows.
	Sending float64
	// NextKey is when the next key frame of a layer that flows is due; a probe
	// that a key frame falls into measures the key frame. Zero: not known.
	NextKey time.Time
	// Waiting is the age of the oldest picture packet in the pacer.
	Waiting time.Duration
	// Resumed is when packets began to leave again after a time with nothing to
	// send and nothing to report. Silence before it says nothing about the link.
	Resumed time.Time
	// Moved tells that the connection goes another way since the last verdict: a
	// migration or a new address of the peer. The level stays, but nothing is known
	// of the new path, so it is not rushed and not probed at first. Rebase the
	// estimator as well.
	Moved bool
}
