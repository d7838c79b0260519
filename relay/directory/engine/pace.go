package engine

import (
	"context"
	"time"

	"github.com/classrelay/classrelay/internal/pause"
)

// What control may take of a school's line, in bytes a second, and what it may save up:
// media has it. A list of a school with four cameras has a thousand bytes; a snapshot of
// its configuration of 256 KB takes eight seconds.
const (
	upRate   = 50_000 / 8
	downRate = 200_000 / 8
	burst    = 64 << 10
)

// pace lets bytes through at a rate. One goroutine uses it.
type pace struct {
	rate  int
	until time.Time // when all that went through has been earned
}

func newPace(rate int) *pace { return &pace{rate: rate} }

// wait waits until n bytes more may go.
func (p *pace) wait(ctx context.Context, n int) error {
	now := time.Now()
	if p.until.Before(now) {
		p.until = now
	}
	p.until = p.until.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	over := p.until.Sub(now) - time.Duration(burst)*time.Second/time.Duration(p.rate)
	if over <= 0 {
		return nil
	}
	return pause.For(ctx, over)
}
