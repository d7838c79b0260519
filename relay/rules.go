package relay

import (
	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
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

// options says how a flow that a peer asks for is to be treated.
func (t *table) options(m *control.Subscribe) fanout.FlowOptions {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := fanout.FlowOptions{Always: m.Always}
	if l, err := media.ParseLayer(t.rules[m.Feed].fixed); err == nil {
		o.Fixed, o.FixedAt = true, l
	}
	_, a, _ := t.routes.Best(m.Feed)
	switch a.Role {
	case string(config.RoleTeacher):
		o.Importance = layer.Teacher
	case string(config.RoleBoard):
		o.Importance = layer.Board
	}
	return o
}
