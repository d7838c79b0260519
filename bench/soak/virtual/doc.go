// Package virtual lets hours of class pass in minutes: the cores of a hub and of a
// branch (fanout, playout, relay/clock and what they are made of) on a simulated line,
// told a time that a loop moves from event to event.
//
//	cameras → Feed → Downlink → line → Uplink → Feed → Splicer → checks
//
// Everything that shells do is done here without sockets, goroutines and locks that
// wait. The day is worse than a real one, and seeded: losses change, the line fades,
// goes away and moves, the link ends and begins anew, viewers come and go in three
// rooms, cameras start anew, and either node's wall clock is set by up to an hour.
// Sequence numbers and timestamps begin just below their wrap.
//
// What must never happen is counted as a fault: a packet with other bytes than the
// camera's, a gap in the numbers a viewer gets, a time line that leaves the camera's,
// sound that stays away while the picture comes, capture times that are wrong.
//
// Latency is told without the line's own delay, which changes when the line moves.
// Time moves in steps of at least a millisecond, which is in that latency; nothing
// else is left out for speed.
package virtual
