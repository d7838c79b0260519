// Package layer decides which picture of each feed a link carries: none, the
// camera's sub stream or its main stream. Sound is always carried.
//
// The feeds of a link make one ladder (Ladder): sound of all, then the sub
// streams by importance, then the main streams by importance. The Selector stands
// on one rung, the level, and gives a Verdict after every report:
//
//	down   by the first rule that holds: self, loss, stand, fair, yield, late
//	       (down.go); within a frame, the sub stream starting from its cached
//	       group of pictures
//	up     one rung after two clean probes of padding, or, where others keep a
//	       queue, when a fair share has room (up.go, probe.go)
//	pace   a burst per frame and silence between, never a key frame faster than
//	       the link was seen to take it (pace.go)
//	break  sound only when no report comes, or when a TCP would get a tenth of
//	       what we take (breaker.go, RFC 8083)
//
// Random loss is no reason for anything. What the signals mean is told in
// internal/bwe; why the numbers are what they are is told beside them.
//
// Uplink joins the selectors of several links that leave through one interface.
// Reach says in words whether repair can work at all on a link's round trip.
//
// Everything here is a core: told the time, no clock, no goroutine, not safe for
// concurrent use. Rates are bits per second on the wire, repair included.
package layer
