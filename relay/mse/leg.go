package mse

import "time"

// leg decides whether the way to one page carries main or only sub. The cores of a link
// do not fit here: TCP hides when packets came and which were lost, so nothing of what
// package bwe reads is known, and padding would hold up the picture behind it. What is
// known is whether the socket is behind. A way that carries a picture is behind for some
// milliseconds of a key frame; one that does not is behind nearly all the time. Up it
// goes by trial, after a time without any of that, which doubles with each trial that
// fails.
//
// It is a core: it is told the time.
type leg struct {
	sub    bool // the page is to get sub
	since  time.Time
	rose   bool          // since is a trial's beginning
	wait   time.Duration // before the next trial
	behind bool          // the socket, when it was last looked at
	looked time.Time
	// stuck is for how long it was behind, all in all: a time without takes back half its
	// length.
	stuck time.Duration
	calm  time.Time // since when stuck is below stuckCalm
}

const (
	// stuckMost is how long a socket is behind before main is given up: a radio that
	// is out for a second is no reason.
	stuckMost = 1500 * time.Millisecond
	// stuckCalm is what a way may be stuck that is to be tried with main.
	stuckCalm = 100 * time.Millisecond
	// stuckStep is the most that counts at once: nobody may have looked for a while.
	stuckStep = 500 * time.Millisecond
	// waitLeast and waitMost are for the time before a trial, and trialLasts is what
	// makes it a success. A trial that fails costs some two seconds of standstill.
	waitLeast  = 10 * time.Second
	waitMost   = 160 * time.Second
	trialLasts = 20 * time.Second
)

// note takes a look at the socket and tells whether the page is to get another layer.
// To be called when packets are put, and twice a second.
func (l *leg) note(now time.Time, behind bool) (changed bool) {
	if l.looked.IsZero() {
		l.looked, l.calm, l.wait = now, now, waitLeast
	}
	passed := min(now.Sub(l.looked), stuckStep)
	if l.behind {
		l.stuck = min(l.stuck+passed, stuckMost)
	} else {
		l.stuck = max(0, l.stuck-passed/2)
	}
	l.looked, l.behind = now, behind
	if l.stuck >= stuckCalm {
		l.calm = now
	}
	switch {
	case !l.sub && l.stuck >= stuckMost:
		switch lasted := now.Sub(l.since); {
		case l.rose && lasted < trialLasts:
			l.wait = min(2*l.wait, waitMost)
		case l.rose:
			l.wait = waitLeast
		}
		l.change(now, true)
		return true
	case l.sub && now.Sub(l.calm) >= l.wait && now.Sub(l.since) >= l.wait:
		l.change(now, false)
		return true
	}
	return false
}

func (l *leg) change(now time.Time, sub bool) {
	l.sub, l.since, l.rose = sub, now, !sub
	l.stuck, l.calm = 0, now
}
