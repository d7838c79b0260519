package relay

import (
	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// feedRule is what the configuration says about a feed on every link.
type feedRule struct {
	role  string
	fixed string
}

// setRules takes over what the configuration says about feeds.
func (t *table) setRules(feeds map[media.FeedID]config.Feed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.rules)
	for id, f := range feeds {
		t.rules[id] = feedRule{role: string(f.Role), fixed: f.FixedLayer}
	}
}

// options says how a flow of a feed that a peer asks for is to be treated; always as in
// control.Subscribe. What a class watches has a picture first: just after a change of its
// main school a link carries the room before, too, until the new one has a picture, and
// where one of them fits only, the new one never would.
func (t *table) options(id media.FeedID, always bool) fanout.FlowOptions {
	o := fanout.FlowOptions{Always: always, Shown: t.classes.watched(id)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, err := media.ParseLayer(t.rules[id].fixed); err == nil {
		o.Fixed, o.FixedAt = true, l
	}
	_, a, _ := t.routes.Best(id)
	switch a.Role {
	case string(config.RoleTeacher):
		o.Importance = layer.Teacher
	case string(config.RoleBoard):
		o.Importance = layer.Board
	}
	return o
}
