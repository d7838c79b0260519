// Package pacer decides when each packet of one link leaves and which goes
// first. There is one Pacer per link, not per camera: the tracks of a link
// share one budget.
//
// Packets wait in classes, served strictly in this order:
//
//	Audio     a voice with a hole is worse than a picture with one
//	Feedback  reports and control: a late report makes the other end blind
//	Repair    parity somebody asked for: its frame has a deadline already
//	Media     the pictures
//	Parity    parity nobody asked for yet
//	Probe     padding
//
// Audio and feedback leave at once and are only charged to the budget. The rest
// is paced at SetRate bits per second in quanta of about 5 ms, because a send of
// several datagrams costs little more than a send of one; within a class the
// flows take turns by bytes, so that one camera's key frame does not hold up the
// picture of another.
//
// The pacer keeps the queue that would otherwise stand in the network: this one
// can be looked at (Age, Stats) and emptied (DropFlow, DropOlder) when a layer
// is left.
//
// A Pacer is a core: it is told the time and holds no clock, goroutine or lock.
// After every Push drain Pop, then wake at Next. It is not safe for concurrent
// use.
package pacer
