// Package probe measures the line between two nodes before a lesson uses it: how
// long the way is, what is lost and how, how large a packet may be, and how many
// rooms fit. The far end is a node as it runs; nothing is set up there.
//
// The one who asks dials as a lower node does, and says a control.Probe where a
// link says Hello. Then test packets travel both ways, in steps:
//
//	rest   a trickle both ways: delay, jitter, loss, size, clocks
//	rooms  1, 2, 4, 6 rooms' main and sub streams, one direction at a time, frame
//	       by frame at the pace of the product; a step ends at once when a queue
//	       stands or when it loses packets that the trickle did not
//
// Everything is worked out at the end that asks: the node only sends the steps
// that it is asked for and tells which packets came, and when.
//
// From packet to figure:
//
//	schedule  when the packets of a step leave, and how large they are
//	packet    what they look like, and the list of those that came
//	tally     what became of one step's packets in one direction
//	guard     whether the step must stop: the product's own reading of a queue
//	plan      which step is next
//	samples   the time exchange: round trip, offset and drift of the clocks
//	Result    the figures of a run
//
// These are cores. Prober and Serve are the shells at the two ends.
package probe
