package fanout

import (
	"sync"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Feed is everything one camera or room sends: a ring of recent packets and the
// track for each layer. It outlives its source: while the camera reboots the
// feed keeps its subscribers and simply gets no packets.
//
// A Feed has no goroutine; its methods may be called from any. Its mutex is held
// for a few pointer writes at a time and never across a call out of the package.
type Feed struct {
	id media.FeedID

	mu     sync.Mutex
	layers [media.NumLayers]shelf
}

// shelf is what a feed keeps of one layer.
type shelf struct {
	track *media.Track
	ring  *ring // nil until the first packet: most feeds have no sub stream
	subs  map[*Subscription]struct{}
	stats LayerStats
	wakes gather
	once  once
}

// LayerStats counts what came into one layer of a feed.
type LayerStats struct {
	Packets   uint64
	Bytes     uint64
	Frames    uint64 // packets with a marker, so whole frames for video
	KeyFrames uint64
	Skipped   uint64 // packets that readers lost because they fell behind the ring
	Again     uint64 // packets that had come before, over another link
	Last      time.Time
	LastKey   time.Time // when the last key frame began to come
}

// NewFeed returns an empty feed.
func NewFeed(id media.FeedID) *Feed { return &Feed{id: id} }

// ID returns the feed's name.
func (f *Feed) ID() media.FeedID { return f.id }

// SetTrack says how a layer is encoded from now on; nil says that the layer is
// not offered any more. When the encoding changes, what the ring holds of the old
// one is forgotten, since no viewer could begin with it.
func (f *Feed) SetTrack(l media.Layer, t *media.Track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ly := &f.layers[l]
	if ly.track != nil && !ly.track.Equal(t) && ly.ring != nil {
		ly.forget()
	}
	ly.track = t
}

// Tracks returns how each layer is encoded; nil where the feed has no such layer.
func (f *Feed) Tracks() (tracks [media.NumLayers]*media.Track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.layers {
		tracks[l] = f.layers[l].track
	}
	return tracks
}

// WritePacket implements media.Writer. It puts p into its layer's ring and wakes
// who reads there, for a picture once rather than for each packet (see gather). A
// packet that the ring has had is left out (see once). It never blocks and never waits
// for a reader.
func (f *Feed) WritePacket(p *media.Packet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ly := &f.layers[p.Layer]
	if ly.ring == nil {
		ly.ring = &ring{}
	}
	if !ly.once.add(p) {
		ly.stats.Again++
		return
	}
	keys := ly.ring.added
	ly.ring.put(p)
	ly.stats.count(p)
	if n := ly.ring.added - keys; n > 0 {
		ly.stats.KeyFrames += n
		ly.stats.LastKey = p.Arrival
	}
	if !ly.wakes.due(p) {
		return
	}
	for s := range ly.subs {
		s.signal()
	}
}

func (st *LayerStats) count(p *media.Packet) {
	st.Packets++
	st.Bytes += uint64(p.Size())
	st.Last = p.Arrival
	if p.Marker || !p.Layer.IsVideo() {
		st.Frames++
	}
}

// Stats returns a copy of a layer's counters.
func (f *Feed) Stats(l media.Layer) LayerStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layers[l].stats
}

// staleAfter is when a cached group of pictures is no beginning any more: nothing
// has come to show that it is the newest. A camera that merely stutters is back
// sooner.
const staleAfter = 3 * time.Second

// Freshen lets go of what a layer holds if nothing has come for a while, so that
// nobody begins with a picture of a lesson that has long ended. To be called before
// Subscribe.
func (f *Feed) Freshen(now time.Time, l media.Layer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ly := &f.layers[l]
	r := ly.ring
	if r != nil && r.next > r.first && now.Sub(r.packets[(r.next-1)%ringPackets].Arrival) > staleAfter {
		ly.forget()
	}
}

// forget lets go of all packets, which may come again then.
func (ly *shelf) forget() {
	ly.ring.forget()
	ly.once = once{}
}

// Subscribe returns a cursor on a layer. Its first Read begins at the newest key
// frame that the ring holds, so a viewer has a picture at once; for audio it
// begins at the next packet that comes. Wake gets a non-blocking send whenever there is
// something to read; it must have room for one, and several subscriptions may
// share it.
func (f *Feed) Subscribe(l media.Layer, wake chan<- struct{}) *Subscription {
	s := &Subscription{feed: f, layer: l, wake: wake}
	f.mu.Lock()
	defer f.mu.Unlock()
	ly := &f.layers[l]
	if ly.subs == nil {
		ly.subs = make(map[*Subscription]struct{})
	}
	ly.subs[s] = struct{}{}
	s.rewind(ly.ring)
	s.signal()
	return s
}

// Subscription is a cursor on one layer of a feed. Read and Close are for one
// goroutine at a time.
type Subscription struct {
	feed  *Feed
	layer media.Layer
	wake  chan<- struct{}
	at    int64 // the position to read next, under the feed's mutex
}

// Layer says which layer the subscription reads.
func (s *Subscription) Layer() media.Layer { return s.layer }

// Read appends everything that came since the last call. A reader that fell so
// far behind that the ring has moved on continues at the newest key frame.
func (s *Subscription) Read(dst []*media.Packet) []*media.Packet {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	ly := &s.feed.layers[s.layer]
	if ly.ring == nil {
		return dst
	}
	if s.at < ly.ring.first {
		lost := ly.ring.first - s.at
		s.rewind(ly.ring)
		ly.stats.Skipped += uint64(lost)
	}
	dst, s.at = ly.ring.read(dst, s.at)
	return dst
}

// Restart moves the cursor back to the newest key frame, for a reader that asks
// for a picture to begin with anew. It reports whether the ring has one.
func (s *Subscription) Restart() bool {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	ok := s.rewind(s.feed.layers[s.layer].ring)
	s.signal()
	return ok
}

// Close takes the subscription off the feed. It may be called twice.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.layers[s.layer].subs, s)
}

// rewind sets the cursor to the newest key frame, or to what comes next when the
// ring holds none: nothing before a key frame can be decoded. Sound always begins
// with what comes next: a packet of 100 ms that has waited here for a reader reaches
// the viewer late by so much, those behind it overtake it, and catching up costs a
// hole just after the beginning.
func (s *Subscription) rewind(r *ring) bool {
	if r == nil {
		s.at = 0
		return false
	}
	key, ok := r.lastKey()
	if !ok || !s.layer.IsVideo() {
		key = r.next
	}
	s.at = key
	return ok
}

// signal wakes the reader. A full channel means that it has been woken already.
func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
