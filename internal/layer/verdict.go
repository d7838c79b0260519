package layer

import "time"

// Rule names why the level changed, for counters and logs.
type Rule string

// The rules. Down: first those of overload, then those of courtesy.
const (
	RuleNone     Rule = ""
	RuleSelf     Rule = "self"     // our own rate fills the queue
	RuleLoss     Rule = "loss"     // more than a quarter is lost
	RuleStand    Rule = "stand"    // our queue stands and does not drain
	RuleFair     Rule = "fair"     // a TCP would get much less
	RuleCrowd    Rule = "crowd"    // others overflow the queue, and we lose with it
	RuleYield    Rule = "yield"    // another sender like us wants its share
	RuleLate     Rule = "late"     // frames cannot be in time behind this queue
	RuleCap      Rule = "cap"      // the configured cap of the link
	RuleWant     Rule = "want"     // viewers want something else
	RuleBreaker  Rule = "breaker"  // RFC 8083
	RuleBlackout Rule = "blackout" // no report came for a second
	RuleProbe    Rule = "probe"    // up: padding went through cleanly
	RuleBeside   Rule = "beside"   // up: a fair share beside others has room
	RuleUndo     Rule = "undo"     // up: the loss did not go when we did
	RuleUplink   Rule = "uplink"   // the shared interface is full
)

// Verdict is what to send from now on.
type Verdict struct {
	Level int // rung of the ladder; 0 is sound only
	// Feeds is the picture of each feed of the Want, by index. A better picture
	// begins at its next key frame, a poorer one at once. The slice is valid until
	// the next Decide.
	Feeds []Picture
	// Rate is what the level amounts to.
	Rate float64

	Changed bool
	Rule    Rule   // why it changed
	Why     string // the same in words, with the numbers that decided

	// Pace is the rate for the pacer; PaceCap is the part of it that was read
	// from the link, 0 when the link sets no limit.
	Pace, PaceCap float64
	// Silence asks the pacer to make pauses (pacer.SetSilence): too many feeds to
	// leave any.
	Silence bool
	Probe   Probe

	// Advice is what an operator could do about others on the link, in words; empty
	// as long as we can live with them.
	Advice string

	// Beside: others keep a queue on the link. What is sent waits in it, repair too,
	// and what does not fit is lost.
	Beside bool

	// Blackout: nothing comes back. Send sound, no padding, no parity; the level
	// is kept for when the link returns.
	Blackout bool
	// Close: nothing came back for 5 s. The connection is dead.
	Close bool
}

// Probe asks for padding: all traffic of the link together should reach Rate
// until Until. Filler does the arithmetic.
type Probe struct {
	Rate  float64 // 0: no probe
	Until time.Time
}
