// Package bwe reads a link: is there a queue, who fills it, what does the link
// carry, what would one TCP get in our place?
//
// It gives no bit rate to follow. Video comes in layers that fit or do not fit;
// whether they do is decided in internal/layer from the Signals of this package.
//
// The hard question is whose queue it is. Our own traffic answers it: every
// frame is a burst followed by a silence. Alone on the link, the queue drains by
// 1 ms in every ms of that silence; beside others it does not. The share that
// does not drain is Phi: 0 when the queue is all ours, 1 when others keep it up.
// Parity and copies of ours have no result of their own; what is reported says how much
// of them left before it (Result.Beside), and a gap full of them is no silence.
//
// Packets lost at random never count as a signal here; a loss counts as an event
// only while a queue stands (RFC 5348 loss events, with that condition added).
//
// Stages of one report: results are put in order and cleared of duplicates
// (estimator.go), the delay above the path's own is taken (delay.go), arrivals
// are counted (rate.go), frames become packet trains (train.go), silences become
// Phi (share.go), a standing queue becomes a busy stretch (busy.go), losses under
// a queue become a fair rate (fair.go).
//
// An Estimator is a core: it is told the time, and not safe for concurrent use.
// All rates are bits per second.
package bwe
