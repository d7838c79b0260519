package fit

import "github.com/classrelay/classrelay/internal/layer"

// share joins the nodes' selectors: their links leave through one interface.
func share(nodes []*node) {
	uplink := &layer.Uplink{}
	for _, n := range nodes {
		n.group = func(n *node) {
			n.obey(uplink.Decide(clock(n.loop.now), n.selector, n.estimate.Signals(), n.want()))
		}
	}
}
