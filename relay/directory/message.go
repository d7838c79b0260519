package directory

import (
	"slices"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

// Announcement is one message to the directories that listen: the full lists of one
// node (its own) or of several (a sum for the level above).
type Announcement struct {
	// From is the node that tells.
	From string `json:"from"`
	// County is the county, city or province it belongs to.
	County string `json:"county"`
	// Epoch is when its run began, in milliseconds since 1970, and Seq counts what it
	// has told in that run: what is older than what was heard is not listened to.
	Epoch int64  `json:"epoch"`
	Seq   uint64 `json:"seq"`
	// Nodes are the lists, each complete for its node.
	Nodes []Node `json:"nodes"`
}

// Node is what one node is and has.
type Node struct {
	Name   string        `json:"node"`
	County string        `json:"county"`
	Role   identity.Role `json:"role"`
	// Epoch and Seq are of the list's own making, at its node.
	Epoch int64  `json:"epoch"`
	Seq   uint64 `json:"seq"`
	// Hops are the nodes the list has come through: its own first, who tells it last.
	Hops []string `json:"hops"`
	// Cost of the way along those hops: round trips in milliseconds.
	Cost int `json:"cost,omitempty"`
	// Links are the node's connections for media.
	Links []Link `json:"links,omitempty"`
	Load  Load   `json:"load"`
	Feeds []Feed `json:"feeds,omitempty"`
	// Gone says that who tells this has the node no more.
	Gone bool `json:"gone,omitempty"`
}

// Link is one end of a connection that carries media between two nodes.
type Link struct {
	To string `json:"to"`
	// RTT is its round trip in milliseconds.
	RTT int `json:"rtt,omitempty"`
	// Standby: the link is kept warm for the day the other one fails.
	Standby bool `json:"standby,omitempty"`
}

// Load is how much a machine can carry and does.
type Load struct {
	// Capacity weighs hub machines against each other. 0 means 1.
	Capacity int `json:"capacity,omitempty"`
	// Lessons that meet there now.
	Lessons int `json:"lessons,omitempty"`
	// Draining machines take no new lessons.
	Draining bool `json:"draining,omitempty"`
}

// Feed is one feed in a list.
type Feed struct {
	ID media.FeedID `json:"id"`
	// Online tells whether media comes, or would come on demand.
	Online bool `json:"online,omitempty"`
	// Role says what it shows: teacher, board or pupils.
	Role string `json:"role,omitempty"`
	// Layers it is set up to have.
	Layers []media.Layer `json:"layers,omitempty"`
}

// ID names a node in the whole tree: two counties may both have a school s01.
type ID struct {
	County, Name string
}

// String is COUNTY/NODE.
func (id ID) String() string { return id.County + "/" + id.Name }

// ID of the node.
func (n *Node) ID() ID { return ID{n.County, n.Name} }

// teller is the node from which the list came last.
func (n *Node) teller() string { return n.Hops[len(n.Hops)-1] }

// same tells whether two lists mean the same to a reader. Sequence numbers, round trips
// and how many lessons there are change all the time and are no news.
func same(a, b *Node) bool {
	return a.Epoch == b.Epoch && a.Role == b.Role && a.Gone == b.Gone && a.Load.Draining == b.Load.Draining &&
		a.Load.Capacity == b.Load.Capacity && slices.Equal(a.Hops, b.Hops) &&
		slices.EqualFunc(a.Links, b.Links, func(x, y Link) bool { return x.To == y.To && x.Standby == y.Standby }) &&
		slices.EqualFunc(a.Feeds, b.Feeds, sameFeed)
}

func sameFeed(a, b Feed) bool {
	return a.ID == b.ID && a.Online == b.Online && a.Role == b.Role && slices.Equal(a.Layers, b.Layers)
}
