package relay

import (
	"cmp"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/clock"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/rtsp"
	"github.com/classrelay/classrelay/roq"
	"github.com/classrelay/classrelay/roq/cc"
)

// LinkStatus is a link's figures, at most a second old. It is immutable.
type LinkStatus struct {
	Peer    string // the other node; with its line where there are several, as hub/eth0
	Dialled bool   // this node dialled
	Parent  string // the address that it dialled
	Since   time.Time
	Remote  string
	Clock   clock.Offset
	Path    cc.Stats
	Session roq.Stats
	Down    fanout.DownlinkStats
	Out     []OutFlow
	In      []fanout.UplinkFlow
	At      time.Time // of these figures; zero before the first ones
	// Above are the peer's own links towards the top of the tree, as it tells.
	Above []control.Hop
}

// OutFlow is one layer that a peer gets from this node.
type OutFlow struct {
	Feed   media.FeedID
	Layer  media.Layer
	Active bool      // it is being sent: of one picture mostly one layer is
	Since  time.Time // of the last change of Active
}

// publish makes the link's figures readable by others.
func (l *link) publish(now time.Time) {
	was := l.status.Load()
	st := &LinkStatus{
		Peer:    l.name,
		Dialled: l.dialled,
		Parent:  was.Parent,
		Since:   was.Since,
		Remote:  l.conn.RemoteAddr().String(),
		Clock:   l.exchange.Offset(now),
		Path:    l.conn.Controller().Stats(),
		Session: l.session.Stats(),
		Down:    l.sender.down.Stats(now),
		In:      l.receiver.stats(now),
		At:      now,
		Above:   was.Above,
	}
	for id, f := range l.sender.flows {
		active, since := l.sender.down.Active(id)
		st.Out = append(st.Out, OutFlow{Feed: f.target.feed, Layer: f.target.layer, Active: active, Since: since})
	}
	l.status.Store(st)
	l.warn(st)
	l.sender.down.SetPath(st.Path.MinRTT)
	l.receiver.up.SetPath(st.Path.MinRTT)
}

// warn says once when the link's round trip allows no repair in time, as over a
// satellite: the operator shall know what to expect of it.
func (l *link) warn(st *LinkStatus) {
	far := st.Path.MinRTT > 0 && st.Down.Path.Reach.Rounds == 0
	if far && !l.told.far {
		l.log.Warn(st.Down.Path.Reach.Text, zap.Duration("rtt", st.Path.MinRTT))
	}
	l.told.far = far
}

// FeedStatus is what a node knows about a feed.
type FeedStatus struct {
	ID     media.FeedID
	Source string   // in words: a camera, a pusher, a node
	Path   []string // the nodes it has come through
	Online bool
	Pushed bool // it is, or was, pushed to this node
	Lost   bool // no way leads to it now
	// ClockError bounds the error of capture times: what the time exchanges
	// along the path could not tell.
	ClockError time.Duration
	Layers     [media.NumLayers]LayerStatus
	Cameras    []CameraStatus
}

// LayerStatus is one layer of a feed.
type LayerStatus struct {
	Track    *media.Track
	Interest int // cursors open on it
	Stats    fanout.LayerStats
}

// CameraStatus is one camera stream pulled by this node.
type CameraStatus struct {
	Layer media.Layer
	State ingest.State
	Stats ingest.Stats
}

// Status is a node's figures.
type Status struct {
	Node  string
	Since time.Time
	Feeds []FeedStatus
	Links []LinkStatus
	// Players are those who watch at this node.
	Players []rtsp.PlayerStats
}

// status collects a feed's figures.
func (t *table) status(f *feed) FeedStatus {
	st := FeedStatus{ID: f.ID(), Source: t.whence(f)}
	tracks := f.Tracks()
	t.mu.Lock()
	defer t.mu.Unlock()
	for l := range st.Layers {
		st.Layers[l] = LayerStatus{
			Track:    tracks[l],
			Interest: f.interest[l],
			Stats:    f.Stats(media.Layer(l)),
		}
	}
	_, a, ok := t.routes.Best(f.ID())
	st.Lost = !ok
	if ok {
		st.Path, st.Online = a.Path, a.Online
		st.ClockError = time.Duration(a.ClockErrorUs) * time.Microsecond
	}
	switch s := f.source.(type) {
	case *camera:
		st.Cameras = s.status()
	case *pushes:
		st.Pushed = true
	}
	return st
}

// known collects the figures of every feed that this node has or could get, in order:
// those that were never opened here, too, as far as a peer has told of them.
func (t *table) known() []FeedStatus {
	var list []FeedStatus
	for _, f := range t.all() {
		if !t.isWithdrawn(f.ID()) {
			list = append(list, t.status(f))
		}
	}
	list = append(list, t.announcedOnly()...)
	slices.SortFunc(list, func(a, b FeedStatus) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (t *table) isWithdrawn(id media.FeedID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, gone := t.withdrawn[id]
	return gone
}

// announcedOnly are the feeds that peers have told of and nobody has asked for.
func (t *table) announcedOnly() (list []FeedStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range t.routes.Feeds() {
		if t.feeds[id] != nil {
			continue
		}
		peer, a, _ := t.routes.Best(id)
		st := FeedStatus{
			ID: id, Source: "node " + peer, Path: a.Path, Online: a.Online,
			ClockError: time.Duration(a.ClockErrorUs) * time.Microsecond,
		}
		for l, track := range a.Tracks {
			st.Layers[l].Track = track
		}
		list = append(list, st)
	}
	return list
}
