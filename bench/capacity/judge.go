package capacity

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/bench/capacity/usage"
)

// Rules are what a step has to keep. The zero value of a field means its default.
type Rules struct {
	// P99 is the most that packets may take from the camera to a school, and
	// frames to a viewer, for 99 of 100. Default 300 ms, the promise.
	P99 time.Duration
	// Good is the least share of packets at schools, and of frames at viewers,
	// that must be there within 300 ms. Default 0.995.
	Good float64
}

const (
	defaultP99  = 300 * time.Millisecond
	defaultGood = 0.995
)

func (r *Rules) setDefaults() {
	if r.P99 == 0 {
		r.P99 = defaultP99
	}
	if r.Good == 0 {
		r.Good = defaultGood
	}
}

// Seen is what one kind of receiver saw in a step; a nil one saw nothing.
type Seen struct {
	P99Ms float64 `json:"p99_ms"`
	// GoodRatio is the share, 0 to 1, of what was expected that came within 300 ms.
	GoodRatio float64 `json:"good_ratio"`
}

// Broken returns the rules that a step breaks, in words with the figures.
func (r Rules) Broken(schools, viewers *Seen) (broken []string) {
	r.setDefaults()
	for _, who := range []struct {
		name string
		seen *Seen
	}{{"branches", schools}, {"viewers", viewers}} {
		if who.seen == nil {
			continue
		}
		if limit := float64(r.P99) / float64(time.Millisecond); who.seen.P99Ms > limit {
			broken = append(broken, fmt.Sprintf("p99 <= %s: %.0f ms at the %s", r.P99, who.seen.P99Ms, who.name))
		}
		if who.seen.GoodRatio < r.Good {
			broken = append(broken, fmt.Sprintf("good >= %.2f %%: %.2f %% at the %s", 100*r.Good, 100*who.seen.GoodRatio,
				who.name))
		}
	}
	return broken
}

// Limit is what stood in the way of more.
type Limit string

// The limits.
const (
	LimitNone      Limit = "none"      // CPU time was left over (idleEnough)
	LimitGenerator Limit = "generator" // the load itself took most CPU time
	LimitHub       Limit = "hub"       // the hub's own code did
	LimitKernel    Limit = "kernel"    // the kernel did, for the hub, or its buffers were full
	LimitOther     Limit = "others"    // programs beside the bench did
)

// Spent is who used the machine during a step.
type Spent struct {
	Seconds   float64       `json:"seconds"`
	CPUs      int           `json:"cpus"`
	Hub       usage.Time    `json:"hub"`
	Generator usage.Time    `json:"generator"`
	Machine   usage.Machine `json:"-"`
	Drops     int           `json:"kernel_drops"` // packets for which a socket had no room
}

// idleEnough is the share of idle CPU time at which the CPUs are not the limit: the
// rest leaves room for the peaks when a key frame goes to everybody at once.
const idleEnough = 0.15

// Limit says who stood in the way. Where CPU time was left over, a full socket
// buffer is the kernel's; with neither there is no limit in sight.
func (s *Spent) Limit() Limit {
	if s.Machine.IdleShare() >= idleEnough {
		if s.Drops > 0 {
			return LimitKernel
		}
		return LimitNone
	}
	hub, generator := s.Hub.Total(), s.Generator.Total()
	others := s.Machine.Busy - hub - generator
	switch {
	case others > hub && others > generator:
		return LimitOther
	case generator > hub:
		return LimitGenerator
	case s.Hub.System > s.Hub.User:
		return LimitKernel
	}
	return LimitHub
}

// Hub CPU time as a share of one core, 0 to the number of cores.
func (s *Spent) hubCores() float64 {
	if s.Seconds <= 0 {
		return 0
	}
	return s.Hub.Total() / s.Seconds
}
