package config

import (
	"maps"
	"slices"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/rights"
)

// Peer is what another node may do on a link to this one. In the lists stand feeds, as
// NAME; all feeds that begin alike, as SCHOOL/*; the rooms of a class of this file, as
// class/NAME; those of all classes the peer has a room in, as class/*; everything, as *;
// or only the word nothing.
type Peer struct {
	// Publish is what it may give. Default: what its certificate says, a school its own
	// feeds and any other node everything. The peer's rooms in the classes of this file
	// may always come from it.
	Publish []string `yaml:"publish,omitempty"`
	// Watch is what it may have. Default: everything.
	Watch []string `yaml:"watch,omitempty"`
}

// Rights are those of the peers.
func (c *Config) Rights() *rights.Rights {
	rules := make(map[string]rights.Rule, len(c.Peers))
	for name, p := range c.Peers {
		rules[name] = rights.Rule{Publish: p.Publish, Watch: p.Watch}
	}
	return rights.New(rules, c.Lessons())
}

func (c *Config) checkPeers(k *checks) {
	for _, name := range slices.Sorted(maps.Keys(c.Peers)) {
		key := "peers." + name
		if name != rights.Everything {
			k.err(key, identity.CheckName(name))
		}
		if name == c.Node {
			k.add(key, "this is the node itself: peers are the others")
		}
		p := c.Peers[name]
		k.err(key+".publish", rights.Check(p.Publish))
		k.err(key+".watch", rights.Check(p.Watch))
	}
}
