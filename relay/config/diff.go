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
	Parents Names[string] // by Parent.Name
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
		Feeds:   diffNames(pulledFeeds(a.Feeds), pulledFeeds(b.Feeds)),
		Parents: diffNames(byAddress(a.Parents), byAddress(b.Parents)),
	}
	compare := func(list *[]string, key string, x, y any) {
		if !reflect.DeepEqual(x, y) {
			*list = append(*list, key)
		}
	}
	compare(&changes.Live, "feeds.*.snapshot", snapshots(a.Feeds), snapshots(b.Feeds))
	compare(&changes.Live, "classes", a.Classes, b.Classes)
	compare(&changes.Live, "peers", a.Peers, b.Peers)
	compare(&changes.Live, "access", a.Access, b.Access)
	compare(&changes.Live, "users", a.Users, b.Users)
	compare(&changes.Live, "log.level", a.Log.Level, b.Log.Level)
	compare(&changes.Restart, "node", a.Node, b.Node)
	compare(&changes.Restart, "identity", a.Identity, b.Identity)
	compare(&changes.Restart, "listen.quic", a.Listen.QUIC, b.Listen.QUIC)
	compare(&changes.Restart, "listen.rtsp", a.Listen.RTSP, b.Listen.RTSP)
	compare(&changes.Restart, "listen.rtp", a.Listen.RTP, b.Listen.RTP)
	compare(&changes.Restart, "listen.http", a.Listen.HTTP, b.Listen.HTTP)
	compare(&changes.Restart, "listen.https", a.Listen.HTTPS, b.Listen.HTTPS)
	compare(&changes.Restart, "listen.webrtc", a.Listen.WebRTC, b.Listen.WebRTC)
	if !slices.Equal(a.Listen.Public, b.Listen.Public) {
		changes.Restart = append(changes.Restart, "listen.public")
	}
	compare(&changes.Restart, "listen.admin", a.Listen.Admin, b.Listen.Admin)
	compare(&changes.Restart, "links", a.Links, b.Links)
	compare(&changes.Restart, "playout", a.Playout, b.Playout)
	compare(&changes.Restart, "county", a.County, b.County)
	compare(&changes.Restart, "log.format", a.Log.Format, b.Log.Format)
	return changes
}

// pulledFeeds leaves out what a camera need not be pulled anew for.
func pulledFeeds(feeds map[media.FeedID]Feed) map[media.FeedID]Feed {
	m := make(map[media.FeedID]Feed, len(feeds))
	for id, f := range feeds {
		f.Snapshot = ""
		m[id] = f
	}
	return m
}

// snapshots are the URLs of pictures, of the feeds that have one.
func snapshots(feeds map[media.FeedID]Feed) map[media.FeedID]string {
	m := make(map[media.FeedID]string)
	for id, f := range feeds {
		if f.Snapshot != "" {
			m[id] = f.Snapshot
		}
	}
	return m
}

func byAddress(parents []Parent) map[string]Parent {
	m := make(map[string]Parent, len(parents))
	for _, p := range parents {
		m[p.Name()] = p
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
