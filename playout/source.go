package playout

import "github.com/classrelay/classrelay/media"

// Source is one feed as a viewer sees it. It outlives the camera: while the
// camera is away the source stays, and gives no packets. Its methods may be
// called from several goroutines.
type Source interface {
	// ID is the feed's name.
	ID() media.FeedID
	// Tracks says how each layer is encoded; nil: the feed has no such layer now.
	Tracks() [media.NumLayers]*media.Track
	// Subscribe begins to read one layer; it is also what tells the node that
	// somebody wants that layer: sub for its own sake where the viewer reads no main
	// at that moment, else only in the place of main. Whenever something new can be read, wake gets a
	// value without blocking; one channel of capacity 1 may serve several
	// subscriptions.
	Subscribe(layer media.Layer, wake chan<- struct{}) Subscription
	// RequestKeyFrame asks upward for a key frame of the layer. The viewer asks
	// at most once a second; the source may ask less often.
	RequestKeyFrame(layer media.Layer)
}

// Subscription is one viewer's reading place in one layer. It has one reader.
type Subscription interface {
	// Read appends the packets that are new since the last Read, in order of
	// arrival. The first Read of a picture begins at the last key frame in the
	// ring, so that a viewer sees something at once.
	Read(dst []*media.Packet) []*media.Packet
	// Close ends the subscription; Read must not be called any more.
	Close()
}
