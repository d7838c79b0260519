package route

import "strings"

// Two nodes may have several links, over lines of their own: a wired one and a mobile
// one. Each is a peer of the table, under a name of its own.

// Peer is the name of the link to a node over one of its lines; an empty line: the only
// one.
func Peer(node, line string) string {
	if line == "" {
		return node
	}
	return node + "/" + line // a slash is in no node's name
}

// NodeOf is the node at the other end of a link of that name.
func NodeOf(peer string) string {
	node, _, _ := strings.Cut(peer, "/")
	return node
}
