// Package cc is the congestion controller of the product's QUIC connections, for
// the fork github.com/apernet/quic-go.
//
// It follows, it does not decide. How much may be sent is decided above, by an
// estimator that sees arrival times; cc is told the pace and sees to it that
// QUIC neither stops nor bursts. In particular a lost packet changes nothing: on
// the links this is made for, one to ten packets in a hundred are lost for
// reasons that have nothing to do with congestion, and a controller in the
// manner of NewReno (RFC 9002 §7) delivers 0.2 to 64 % of a lesson in time there.
//
// Three pure cores, told the time by their caller:
//
//	bucket   the pacer: a token bucket at 1.25 times the pace, emptied in quanta
//	breaker  the window: bytes in flight beyond it let one packet pass per 20 ms
//	yield    the plain rule that gives way to real congestion
//
// Controller puts them behind the interface of the fork. The connection's run
// loop calls it; Set, SetFloor, SetYield and Stats may be called from anywhere.
package cc
