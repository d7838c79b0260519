package county

import "time"

const (
	// away is how long there may be no new frame before the picture counts as away:
	// what people notice as a freeze, and twice what a repair over these lines takes.
	away = 300 * time.Millisecond
	// steady is for how long it must be back to count as back.
	steady = time.Second
)

// Healing judges one viewer after something happened. It is a core: it is told when
// frames come, and has one owner.
type Healing struct {
	since  time.Time // what counts as away counts from here
	frame  time.Time // when the newest frame came; zero: none yet
	resume time.Time // when it last came back; zero: it was never away
}

// NewHealing begins with a trouble while the picture is there. A cut heals from the
// moment the line is back; see From.
func NewHealing(now time.Time) *Healing { return &Healing{since: now, frame: now} }

// NewTurn begins with a picture that has not been there before.
func NewTurn(now time.Time) *Healing { return &Healing{since: now} }

// From says that the trouble is over only now.
func (h *Healing) From(now time.Time) { h.since = now }

// Frame tells that a good frame has come.
func (h *Healing) Frame(now time.Time) {
	if h.frame.IsZero() || now.Sub(h.frame) > away {
		h.resume = now
	}
	h.frame = now
}

// Steady tells whether the picture is there and has been for a while.
func (h *Healing) Steady(now time.Time) bool {
	began := h.resume
	if began.Before(h.since) {
		began = h.since
	}
	return !h.frame.IsZero() && now.Sub(h.frame) <= away && now.Sub(began) >= steady
}

// Took is how long it took from the trouble's end to the picture's return; 0: it was
// never away after that, or back before.
func (h *Healing) Took() time.Duration {
	if h.resume.Before(h.since) {
		return 0
	}
	return h.resume.Sub(h.since)
}

// Blinked tells whether the picture was away at all.
func (h *Healing) Blinked() bool { return !h.resume.IsZero() }
