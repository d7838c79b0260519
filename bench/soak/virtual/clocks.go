package virtual

import (
	"time"

	"github.com/classrelay/classrelay/internal/wallstep"
)

// clocks are the time that passes and the wall clocks of the nodes.
type clocks struct {
	base time.Time // has a monotonic reading, so that wall clocks can be set
	now  time.Duration

	hubWall, branchWall int64 // seconds by which the wall clocks were set
	// settled is when capture times have to be right again.
	settled time.Duration
}

func newClocks() clocks { return clocks{base: time.Now(), settled: clocksSettle} }

// clock is the time without anybody's wall clock, hubTime and branchTime are now as
// the nodes read it.
func (c *clocks) clock() time.Time      { return c.base.Add(c.now) }
func (c *clocks) hubTime() time.Time    { return wallstep.Step(c.clock(), c.hubWall) }
func (c *clocks) branchTime() time.Time { return c.branchAt(c.now) }

// branchAt is a moment as the branch would have read it with its clock as it is.
func (c *clocks) branchAt(at time.Duration) time.Time {
	return wallstep.Step(c.base.Add(at), c.branchWall)
}

// since is a time as one since the start; zero is never.
func (c *clocks) since(t time.Time) time.Duration {
	if t.IsZero() {
		return forever
	}
	return t.Sub(c.base)
}
