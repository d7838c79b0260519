package rtsp

import (
	"context"
	"errors"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
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

// Watcher finds feeds for players.
type Watcher interface {
	// Watch returns the feed. When the feed is known and its tracks are not yet,
	// because the camera is pulled on demand or the subscription is on its way
	// upward, it may wait until they are or ctx is done.
	Watch(ctx context.Context, feed media.FeedID) (playout.Source, error)
}
