package rtsp

import (
	"context"
	"errors"

	"github.com/bluenviron/gortsplib/v4/pkg/description"

	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
)

// What a Node wraps in its errors so that a client is told the right status.
var (
	// ErrUnknownFeed answers 404: nobody has announced or configured the feed.
	ErrUnknownFeed = errors.New("no such feed")
	// ErrOffline answers 503: the feed is known, its camera does not deliver now.
	ErrOffline = errors.New("the feed is offline now")
	// ErrTaken answers 403: somebody else pushes to the path.
	ErrTaken = errors.New("the path is taken")
)

// Node is what the server serves: a feed table.
type Node interface {
	Watcher
	Publisher
}

// Watcher finds feeds for players.
type Watcher interface {
	// Watch returns the feed. When the feed is known and its tracks are not yet,
	// because the camera is pulled on demand or the subscription is on its way
	// upward, it may wait until they are or ctx is done.
	Watch(ctx context.Context, feed media.FeedID) (playout.Source, error)
}

// Publisher finds places for pushers.
type Publisher interface {
	// Publish makes a push out of what was announced and reserves its place.
	// layer is main unless the pusher's URL says ?layer=sub. When the place is
	// held already, the error wraps ErrTaken and names who holds it. The server
	// attaches and runs the push, closes it when its session ends, and then calls
	// release. A node that wants to take the place away closes the push.
	Publish(p Pushed) (push *ingest.Push, release func(), err error)
}

// Pushed is what a pusher announces.
type Pushed struct {
	Feed   media.FeedID
	Layer  media.Layer
	Remote string // who pushes: the address without port, and the user if one logged in
	Desc   *description.Session
}

// Access says who may watch and push; *access.Rules is one.
type Access interface {
	Check(r access.Request) access.Verdict
	// Challenge is the list of WWW-Authenticate values of a 401.
	Challenge(nonce string, tls bool) []string
}
