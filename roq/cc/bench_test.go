package cc

import (
	"testing"
	"time"
)

// BenchmarkController is what one packet costs in the run loop of a connection.
func BenchmarkController(b *testing.B) {
	c := newController(Config{Pace: 2e9})
	now := t0
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Microsecond)
		if c.CanSend(10_000) && c.HasPacingBudget(now) {
			c.OnPacketSent(now, 10_000, 0, 1350, true)
		}
		_ = c.TimeUntilSend(10_000)
	}
}
