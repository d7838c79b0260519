// Package relay is the node: the same one in a school, a county, a city. What it
// does follows from its configuration alone: which cameras it pulls, where it
// listens, which parents it dials.
//
// The rooms of the house:
//
//	Node       builds the others, runs them, ends them in order
//	duties     what the configuration of the moment asks of it; a reload changes them
//	table      which feeds there are, who wants them, where they come from
//	feed       one feed at this node: its ring, its interest, its source
//	camera     the supervised sources of a feed that is pulled here
//	link       one QUIC connection to another node, both directions
//	receiver   the half of a link that asks for feeds and takes packets in
//	sender     the half that gives feeds away
//	dialer     keeps one link to a parent up
//
// Nothing crosses a link, and no camera is pulled, unless somebody wants it:
// the first subscription of a layer travels up hop by hop, and some seconds
// after the last one has gone the layer is given up again. A feed comes in once,
// however many want it.
//
// After the handshake a link is symmetric. Either node announces what it can
// give, either asks. The lower node dials, so a school needs no open port.
//
// Locks: table.mu guards what changes when people come and go. The packet path
// takes only the mutex of a fanout.Feed, for the put and for the read.
package relay
