package config

import (
	"fmt"
	"path"

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
	for i, p := range c.Share {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			k.add(fmt.Sprintf("county.share[%d]", i), "%q is no pattern: names with * and ?, as in open/*", p)
		}
	}
}
