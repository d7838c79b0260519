package relay

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// pushes is the source of a feed that is pushed here: a session for the main
// stream and perhaps one for the sub stream. It stays with the feed when the
// sessions have ended, so that viewers do too and the next session goes on where
// the last one stopped.
type pushes struct {
	epoch time.Time

	mu       sync.Mutex
	sessions [media.NumLayers]pushSession
}

type pushSession struct {
	push   *ingest.Push // the present one, or the last
	remote string       // who pushes; empty while nobody does
}

// Publish implements rtsp.Publisher.
func (n *Node) Publish(p rtsp.Pushed) (*ingest.Push, func(), error) {
	if _, class := lesson.IDOf(p.Feed); class {
		return nil, nil, fmt.Errorf("feed %s: %w: names that begin with %s are those of classes", p.Feed, rtsp.ErrTaken,
			lesson.Prefix)
	}
	rule := n.duties.config().Feeds[p.Feed].Push
	f, s, err := n.table.pushPlace(p.Feed)
	if err != nil {
		return nil, nil, err
	}
	log := f.logger(n.log).With(zap.Stringer("layer", p.Layer), zap.String("remote", p.Remote))
	push, err := s.take(f, p, rule, log)
	if err != nil {
		return nil, nil, err
	}
	n.table.ownChanged(f)
	return push, func() {
		s.release(p.Layer, push)
		n.table.ownChanged(f)
	}, nil
}

// pushPlace returns the feed to push to and its source for pushes.
func (t *table) pushPlace(id media.FeedID) (*feed, *pushes, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.open(id)
	switch s := f.source.(type) {
	case *pushes:
		return f, s, nil
	case nil:
		if peer, _, ok := t.routes.Best(id); ok {
			return nil, nil, fmt.Errorf("feed %s: %w: it comes from node %s; push under another name",
				id, rtsp.ErrTaken, peer)
		}
		fresh := &pushes{epoch: time.Now()}
		f.source = fresh
		return f, fresh, nil
	default:
		return nil, nil, fmt.Errorf("feed %s: %w by %s, which this node pulls", id, rtsp.ErrTaken, s)
	}
}

// take gives a layer to a pusher and makes its push.
func (s *pushes) take(f *feed, p rtsp.Pushed, rule config.PushRule, log *zap.Logger) (*ingest.Push, error) {
	previous, err := s.reserve(f, p, rule, log)
	if err != nil {
		return nil, err
	}
	// Not under s.mu: a push tells the table of its tracks, which asks s.
	push, err := ingest.NewPush(ingest.PushConfig{
		Feed:     p.Feed,
		Layer:    p.Layer,
		Output:   ingest.OutputConfig{Epoch: s.epoch},
		Previous: previous,
	}, p.Desc, f, log)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.sessions[p.Layer].remote = ""
		return nil, err
	}
	s.sessions[p.Layer].push = push
	return push, nil
}

// reserve holds the place of a layer and returns its last push, closed. A second
// pusher is refused, unless the rule for the feed says that the last one wins.
func (s *pushes) reserve(f *feed, p rtsp.Pushed, rule config.PushRule, log *zap.Logger) (*ingest.Push, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := &s.sessions[p.Layer]
	if was.remote != "" {
		if rule != config.PushLast {
			return nil, fmt.Errorf("feed %s: %w: %s pushes it now; feeds.%s.push: last would let the last one win",
				p.Feed, rtsp.ErrTaken, was.remote, p.Feed)
		}
		log.Info("push taken over", zap.String("from", was.remote))
		f.table.note(console.Change{Code: console.PushTakenOver, Feed: string(p.Feed), Why: p.Remote})
		if was.push != nil {
			was.push.Close()
		}
	}
	was.remote = p.Remote
	return was.push, nil
}

// release gives a layer back, if push still has it.
func (s *pushes) release(l media.Layer, push *ingest.Push) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[l].push == push {
		s.sessions[l].remote = ""
	}
}

// want implements source: a pusher sends whether anybody watches or not.
func (s *pushes) want([media.NumLayers]bool) {}

// requestKeyFrame implements source.
func (s *pushes) requestKeyFrame(l media.Layer) {
	s.mu.Lock()
	session := s.sessions[l]
	s.mu.Unlock()
	if session.remote != "" && session.push != nil {
		session.push.RequestKeyFrame()
	}
}

// online implements source.
func (s *pushes) online() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.sessions {
		if p.remote != "" {
			return true
		}
	}
	return false
}

// layers implements source.
func (s *pushes) layers() []media.Layer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []media.Layer{media.LayerAudio}
	for l, p := range s.sessions {
		if p.push != nil {
			out = append(out, media.Layer(l))
		}
	}
	return out
}

// String implements source.
func (s *pushes) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.sessions {
		if p.remote != "" {
			return "push from " + p.remote
		}
	}
	return "a push that has ended"
}
