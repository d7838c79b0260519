package config

import (
	"maps"
	"reflect"
	"slices"

	"github.com/classrelay/classrelay/media"
)

// Changes is what a new configuration means for a running node: added things
// start, gone things stop, changed ones stop and start, the rest is not touched.
type Changes struct {
	Feeds   Names[media.FeedID]
	Parents Names[string] // by address
	// Live are keys whose new value holds at once, such as access or users.
	Live []string
	// Restart are keys whose new value waits for a restart of the node.
	Restart []string
}

// Names are the entries of a named list that differ, in order.
type Names[K ~string] struct{ Added, Gone, Changed []K }

// None tells whether nothing differs.
func (n Names[K]) None() bool { return len(n.Added)+len(n.Gone)+len(n.Changed) == 0 }

// None tells whether the two configurations mean the same.
func (c Changes) None() bool {
	return c.Feeds.None() && c.Parents.None() && len(c.Live)+len(c.Restart) == 0
}

// Diff compares what is in force under old with what would be under fresh. A
// value that only says what is the default anyway is no difference.
func Diff(old, fresh *Config) Changes {
	a, b := old.WithDefaults(), fresh.WithDefaults()
	changes := Changes{
		Feeds:   diffNames(a.Feeds, b.Feeds),
		Parents: diffNames(byAddress(a.Parents), byAddress(b.Parents)),
	}
	live := func(key string, x, y any) {
		if !reflect.DeepEqual(x, y) {
			changes.Live = append(changes.Live, key)
		}
	}
	restart := func(key, x, y string) {
		if x != y {
			changes.Restart = append(changes.Restart, key)
		}
	}
	restart("node", a.Node, b.Node)
	restart("identity", a.Identity, b.Identity)
	restart("listen.quic", a.Listen.QUIC, b.Listen.QUIC)
	restart("listen.rtsp", a.Listen.RTSP, b.Listen.RTSP)
	restart("listen.rtp", a.Listen.RTP, b.Listen.RTP)
	restart("listen.admin", a.Listen.Admin, b.Listen.Admin)
	restart("log.format", a.Log.Format, b.Log.Format)
	if !slices.Equal(a.Links.PlainRoQ, b.Links.PlainRoQ) {
		changes.Restart = append(changes.Restart, "links.plain_roq")
	}
	live("access", a.Access, b.Access)
	live("users", a.Users, b.Users)
	live("links.max_rate", a.Links.MaxRate, b.Links.MaxRate)
	live("links.queue_age", a.Links.QueueAge, b.Links.QueueAge)
	live("playout.delay", a.Playout.Delay, b.Playout.Delay)
	live("log.level", a.Log.Level, b.Log.Level)
	return changes
}

func byAddress(parents []Parent) map[string]Parent {
	m := make(map[string]Parent, len(parents))
	for _, p := range parents {
		m[p.Address] = p
	}
	return m
}

func diffNames[K ~string, V comparable](old, fresh map[K]V) (n Names[K]) {
	for _, k := range slices.Sorted(maps.Keys(old)) {
		v, ok := fresh[k]
		switch {
		case !ok:
			n.Gone = append(n.Gone, k)
		case v != old[k]:
			n.Changed = append(n.Changed, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(fresh)) {
		if _, ok := old[k]; !ok {
			n.Added = append(n.Added, k)
		}
	}
	return n
}
