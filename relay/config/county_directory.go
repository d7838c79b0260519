package config

import (
	"fmt"
	"path"
	"slices"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

// lastPort leaves room for the port after it: leaf links come in there.
const lastPort = 65534

// checkDirectory checks what machines need to find each other.
func (c *County) checkDirectory(k *checks) {
	if c.Listen != "" && portOf(c.Listen) > lastPort {
		k.add("county.listen", "port %d is the last one, and the next is needed, too", portOf(c.Listen))
	}
	if c.Listen == "" && len(c.Hubs) > 0 {
		k.add("county.listen", "the machines of a county dial each other: it is needed with county.hubs")
	}
	if c.Role == identity.School {
		for _, key := range []struct {
			name string
			set  bool
		}{{"hubs", len(c.Hubs) > 0}, {"above", len(c.Above) > 0}, {"listen", c.Listen != ""}} {
			if key.set {
				k.add("county."+key.name, "a school finds its county by its parents: this is for hubs and above")
			}
		}
	}
	for i, s := range c.Share {
		key := fmt.Sprintf("county.share[%d]", i)
		if _, err := path.Match(s.Feeds, ""); err != nil || s.Feeds == "" {
			k.add(key, "%q is no pattern: names with * and ?, as in open/*", s.Feeds)
		}
		if s.Layer != "" && s.Layer != media.LayerMain.String() && s.Layer != media.LayerSub.String() {
			k.add(key+".layer", "unknown layer %q (main or sub)", s.Layer)
		}
	}
}

// Share is what the level above may see and pull. In YAML it is a pattern, or a pattern
// with a layer.
type Share struct {
	// Feeds are those whose names match, with * and ? for what is within one part of a
	// name: "open/*". The first pattern that matches counts. Required.
	Feeds string `yaml:"feeds"`
	// Layer is the best it may pull: main, or sub for the small picture only. Sound always
	// goes along. Default: main.
	Layer string `yaml:"layer,omitempty"`
}

// UnmarshalText implements encoding.TextUnmarshaler: a share that is only a pattern.
func (s *Share) UnmarshalText(b []byte) error {
	*s = Share{Feeds: string(b)}
	return nil
}

// Sharing tells whether the level above may see and pull a layer of a feed; nil: all.
func (c *County) Sharing() func(id media.FeedID, l media.Layer) bool {
	if len(c.Share) == 0 {
		return nil
	}
	list := slices.Clone(c.Share)
	return func(id media.FeedID, l media.Layer) bool {
		for _, s := range list {
			if ok, _ := path.Match(s.Feeds, string(id)); ok { // the pattern was checked
				return l != media.LayerMain || s.Layer != media.LayerSub.String()
			}
		}
		return false
	}
}
