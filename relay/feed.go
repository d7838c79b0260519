package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/control"
)

const (
	// linger is how long a layer is still carried after the last one who wanted
	// it has gone: long enough for a player to come back, or for a DESCRIBE to
	// become a PLAY.
	linger = 10 * time.Second
	// lingerBelow is the same where a peer has said that it wants the layer no more: it
	// has lingered for its viewers already, or gets the feed another way now, and the
	// line further up would carry it twice.
	lingerBelow = 2 * time.Second
	// keyFrameEvery is how often a key frame may be asked for: an encoder that
	// makes one every time would have nothing else to do.
	keyFrameEvery = 500 * time.Millisecond
)

// source is where the packets of a feed of this node come from.
type source interface {
	// want says which layers somebody wants now.
	want(layers [media.NumLayers]bool)
	requestKeyFrame(l media.Layer)
	// online tells whether media comes, or would come if somebody wanted it.
	online() bool
	// layers lists what the source is set up to have.
	layers() []media.Layer
	// String names the source in messages: "camera 10.1.2.3", "push from 10.1.2.9".
	String() string
}

// feed is one feed at this node. Its fields but the first two are guarded by
// table.mu.
type feed struct {
	*fanout.Feed
	table *table

	source   source // nil: it comes from another node
	from     string // the last peer it came from
	interest [media.NumLayers]int
	exact    [media.NumLayers]int       // of these, who cannot do with a better layer
	until    [media.NumLayers]time.Time // how long the layer lingers
	asked    [media.NumLayers]time.Time // when a key frame was last asked for
	way      string                     // the peer it comes by while it is wanted, see holdTo
	wayFrom  time.Time                  // since when
	changed  chan struct{}              // closed and made anew when tracks or routes change
}

// wanted tells which layers are wanted at now, the lingering ones included.
func (f *feed) wanted(now time.Time) (w [media.NumLayers]bool) {
	for l := range w {
		w[l] = f.interest[l] > 0 || now.Before(f.until[l])
	}
	return w
}

// signal wakes those who wait for the feed to become known or to change.
func (f *feed) signal() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// SetTrack implements ingest.Sink, for a feed whose source is at this node: all
// peers are told.
func (f *feed) SetTrack(l media.Layer, t *media.Track) {
	f.Feed.SetTrack(l, t)
	f.table.ownChanged(f)
}

// announcement describes a feed whose source is at this node.
func (f *feed) announcement() control.Feed {
	a := control.Feed{ID: f.ID(), Online: f.source.online(), Layers: f.source.layers()}
	for l, t := range f.Tracks() {
		if t != nil {
			if a.Tracks == nil {
				a.Tracks = make(map[media.Layer]*media.Track)
			}
			a.Tracks[media.Layer(l)] = t
		}
	}
	return a
}

// learn takes over what a peer announced about a feed that comes from there.
func (f *feed) learn(peer string, a *control.Feed) {
	f.from = peer
	for l := range media.Layer(media.NumLayers) {
		// A track that is not announced (yet) keeps its last description: the
		// origin restarts and will say the same again, and viewers stay.
		if t := a.Tracks[l]; t != nil {
			f.Feed.SetTrack(l, t)
		}
	}
}

// subscription is a cursor on a feed that counts as interest while it is open.
type subscription struct {
	*fanout.Subscription
	feed  *feed
	exact bool // needs this very layer
	below bool // a peer's, which lingers itself
	once  sync.Once
}

// Leave is Close for a peer that has said so, as against one whose link has ended.
func (s *subscription) Leave() {
	s.below = true
	s.Close()
}

// Close gives the interest back. It may be called twice.
func (s *subscription) Close() {
	s.once.Do(func() {
		s.Subscription.Close()
		s.feed.table.release(s)
	})
}

// watched is a feed as one viewer sees it.
type watched struct {
	*feed
	mains atomic.Int32 // subscriptions to main that are open: the viewer takes sub only in its place
}

// Subscribe implements playout.Source.
func (w *watched) Subscribe(l media.Layer, wake chan<- struct{}) playout.Subscription {
	if l != media.LayerMain {
		return w.table.subscribe(w.feed, l, wake, l == media.LayerSub && w.mains.Load() == 0)
	}
	w.mains.Add(1)
	return &watchedMain{w.table.subscribe(w.feed, l, wake, false), w}
}

// watchedMain is a viewer's subscription to main.
type watchedMain struct {
	*subscription
	watched *watched
}

// Close implements playout.Subscription.
func (m *watchedMain) Close() {
	m.subscription.Close()
	m.watched.mains.Add(-1)
}

// RequestKeyFrame implements playout.Source.
func (w *watched) RequestKeyFrame(l media.Layer) { w.table.requestKeyFrame(w.feed, l) }

// logger adds the feed's name.
func (f *feed) logger(log *zap.Logger) *zap.Logger {
	return log.With(zap.String("feed", string(f.ID())))
}
