package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Source is a hub machine as those below and beside it see it: a Store, or one that is
// asked over a link.
type Source interface {
	Since(ctx context.Context, epoch, rev int64, slice string) (Change, error)
}

// Writer is the county's writer as a school sees it.
type Writer interface {
	Accept(ctx context.Context, school string, p Parcel) (Receipt, error)
}

// Pull asks a hub machine for what has changed and takes it in, and tells whether that
// was anything. ErrBehind, ErrOldEpoch: that one cannot help, ask another. ErrGap: the
// position has changed meanwhile, ask again.
func (s *Store) Pull(ctx context.Context, from Source) (changed bool, err error) {
	st, err := s.Standing(ctx)
	if err != nil {
		return false, err
	}
	c, err := from.Since(ctx, st.Epoch, st.Rev, st.School)
	if err != nil {
		return false, err
	}
	return c.Epoch != st.Epoch || c.Rev != st.Rev, s.Apply(ctx, c)
}

// Push sends what a school has changed to the writer. What has arrived is known after
// the next Pull.
func (s *Store) Push(ctx context.Context, to Writer) (r Receipt, err error) {
	p, err := s.Unsent(ctx)
	if err != nil || len(p.Records) == 0 {
		return r, err
	}
	st, err := s.Standing(ctx)
	if err != nil {
		return r, err
	}
	return to.Accept(ctx, st.School, p)
}

// FollowConfig says how often a follower asks. The zero value has the defaults.
type FollowConfig struct {
	// Every is how long it stays without asking when nobody hints at news: a hint may
	// get lost. Default: 60 s.
	Every time.Duration
	// Spread is the most it waits after a connection is there, so that 500 schools that
	// come back together do not ask in the same moment. Default: 300 ms.
	Spread time.Duration
	// Retry is the wait after a first failure; it doubles up to Every. Default: 1 s.
	Retry time.Duration
}

// Follower decides when a machine asks for what has changed. It is told the time, holds
// no clock and is not safe for concurrent use. Its owner calls Ask when Next has come,
// asks when that says so, and reports how it went.
type Follower struct {
	cfg        FollowConfig
	rng        *rand.Rand
	connected  bool
	asking     bool
	again      bool // something was hinted at while asking
	next       time.Time
	wait       time.Duration // the last wait after a failure
	epoch, rev int64         // our position
}

// NewFollower makes a follower that is not connected; rng spreads the questions.
func NewFollower(cfg FollowConfig, rng *rand.Rand) *Follower {
	if cfg.Every == 0 {
		cfg.Every = 60 * time.Second
	}
	if cfg.Spread == 0 {
		cfg.Spread = 300 * time.Millisecond
	}
	if cfg.Retry == 0 {
		cfg.Retry = time.Second
	}
	return &Follower{cfg: cfg, rng: rng}
}

// Connected says that there is a way to a hub machine again, or to another one.
func (f *Follower) Connected(now time.Time) {
	f.connected, f.asking, f.again, f.wait = true, false, false, 0
	f.next = now.Add(time.Duration(f.rng.Int64N(int64(f.cfg.Spread))))
}

// Cut says that there is none. An answer that is under way is lost.
func (f *Follower) Cut() { f.connected, f.asking = false, false }

// Hint says that somebody has a position. A newer one than ours is asked for at once.
func (f *Follower) Hint(now time.Time, epoch, rev int64) {
	if epoch < f.epoch || (epoch == f.epoch && rev <= f.rev) {
		return
	}
	if f.asking {
		f.again = true
		return
	}
	if f.wait == 0 { // while a hub keeps failing, news do not make us ask it more often
		f.next = now
	}
}

// Urge says that something is new that has no position, such as a revoked certificate.
func (f *Follower) Urge(now time.Time) {
	if f.asking {
		f.again = true
	} else if f.wait == 0 {
		f.next = now
	}
}

// Next is when to call Ask; zero while there is nothing to wait for.
func (f *Follower) Next() time.Time {
	if !f.connected || f.asking {
		return time.Time{}
	}
	return f.next
}

// Ask tells whether to ask now. Until Answered or Failed it does not say so again.
func (f *Follower) Ask(now time.Time) bool {
	if !f.connected || f.asking || now.Before(f.next) {
		return false
	}
	f.asking, f.again = true, false
	return true
}

// Answered says that we are up to date with whom we asked, at this position.
func (f *Follower) Answered(now time.Time, epoch, rev int64) {
	f.asking, f.wait, f.epoch, f.rev = false, 0, epoch, rev
	f.next = now.Add(f.cfg.Every)
	if f.again {
		f.next = now
	}
}

// Failed says that asking or taking in went wrong. After ErrGap it asks at once, as our
// position is another one now; else it waits, and the caller may try another hub.
func (f *Follower) Failed(now time.Time, err error) {
	f.asking = false
	if errors.Is(err, ErrGap) && f.wait == 0 {
		f.wait, f.next = f.cfg.Retry, now
		return
	}
	f.wait = min(max(2*f.wait, f.cfg.Retry), f.cfg.Every)
	f.next = now.Add(f.wait)
}
