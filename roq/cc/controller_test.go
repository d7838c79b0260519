package cc

import (
	"sync"
	"testing"
	"time"

	"github.com/apernet/quic-go/congestion"
)

// fixedRTT is an RTTStatsProvider that always says the same.
type fixedRTT struct {
	congestion.RTTStatsProvider
	rtt time.Duration
}

func (f fixedRTT) MinRTT() time.Duration      { return f.rtt }
func (f fixedRTT) LatestRTT() time.Duration   { return f.rtt }
func (f fixedRTT) SmoothedRTT() time.Duration { return f.rtt }

func newController(cfg Config) *Controller {
	c := New(cfg, 1350)
	c.SetRTTStatsProvider(fixedRTT{rtt: 50 * time.Millisecond})
	return c
}

func TestLossIsCountedOnceAndChangesNothing(t *testing.T) {
	c := newController(Config{Pace: 8e6})
	before := c.GetCongestionWindow()
	// This is how the fork reports each loss: per packet, and all together.
	lost := make([]congestion.LostPacketInfo, 24)
	for i := range lost {
		lost[i] = congestion.LostPacketInfo{PacketNumber: congestion.PacketNumber(i), BytesLost: 1350}
		c.OnCongestionEvent(congestion.PacketNumber(i), 1350, 100_000)
	}
	acked := []congestion.AckedPacketInfo{{PacketNumber: 99, BytesAcked: 1350}}
	c.OnCongestionEventEx(100_000, t0, acked, lost)
	s := c.Stats()
	if s.Lost != 24 || s.LostBytes != 24*1350 || s.Acked != 1 {
		t.Errorf("lost %d (%d bytes), acked %d; want 24 (%d), 1", s.Lost, s.LostBytes, s.Acked, 24*1350)
	}
	if s.InFlight != 100_000-25*1350 {
		t.Errorf("in flight %d, want %d", s.InFlight, 100_000-25*1350)
	}
	if got := c.GetCongestionWindow(); got != before {
		t.Errorf("window went from %d to %d", before, got)
	}
}

func TestCongestionMarksAreForwarded(t *testing.T) {
	c := newController(Config{})
	c.OnCongestionEvent(7, 0, 100_000)
	if s := c.Stats(); s.CE != 1 || s.Lost != 0 {
		t.Errorf("CE %d, lost %d; want 1, 0", s.CE, s.Lost)
	}
}

func TestAcknowledgementsAloneAreNotPaced(t *testing.T) {
	c := newController(Config{Pace: 1e6})
	for range 1000 {
		c.OnPacketSent(t0, 0, 0, 40, false)
	}
	if !c.HasPacingBudget(t0) || c.Stats().Sent != 0 {
		t.Error("packets without anything to acknowledge were counted")
	}
}

func TestFullWindowTricklesThroughTheForksQuestions(t *testing.T) {
	c := newController(Config{Pace: 8e6})
	c.Set(8e6, 50_000)
	now, sent := t0, 0
	for now < t0.Add(time.Second) {
		if !c.CanSend(60_000) {
			t.Fatal("CanSend said no: the run loop would have no timer")
		}
		if c.HasPacingBudget(now) {
			c.OnPacketSent(now, 60_000, 0, 1350, true)
			sent++
			continue
		}
		next := c.TimeUntilSend(60_000)
		if !next.After(now) {
			t.Fatalf("next send is %v away: the run loop would spin", next.Sub(now))
		}
		now = next
	}
	if sent != 49 || c.Stats().Trickled != 49 {
		t.Errorf("%d packets in a second, %d counted; want 49, one per 20 ms", sent, c.Stats().Trickled)
	}
}

func TestWindowOfZeroIsWorkedOut(t *testing.T) {
	c := newController(Config{Pace: 8e6})
	if got := c.Stats().Window; got != 400_000 {
		t.Errorf("window %d, want 400000 = 8 Mbit/s x (50 + 350) ms", got)
	}
	c.Set(8e6, 123_456)
	if got := c.Stats().Window; got != 123_456 {
		t.Errorf("window %d, want what was set", got)
	}
}

func TestYieldRuleCanBeSwitchedOff(t *testing.T) {
	slow := func(c *Controller) float64 {
		now := t0
		one := []congestion.AckedPacketInfo{{BytesAcked: 1350}}
		for i := range 200 {
			rtt := 40 * time.Millisecond
			if i > 50 {
				rtt = 140 * time.Millisecond
			}
			c.SetRTTStatsProvider(fixedRTT{rtt: rtt})
			now = now.Add(10 * time.Millisecond)
			c.OnCongestionEventEx(10_000, now, one, nil)
		}
		return c.Stats().Yielded
	}
	if got := slow(newController(Config{})); got > 0.5 {
		t.Errorf("on: %.2f of the pace is used, want less than half", got)
	}
	if got := slow(newController(Config{NoYield: true})); got != 1 {
		t.Errorf("off: %.2f of the pace is used, want all", got)
	}
}

func TestSetWhileTheRunLoopSends(t *testing.T) {
	c := newController(Config{})
	var wg sync.WaitGroup
	wg.Go(func() { // ends by itself
		for i := range 2000 {
			c.Set(int64(i)*10_000, 0)
			c.SetYield(i%2 == 0)
			c.SetRTTStatsProvider(fixedRTT{rtt: time.Millisecond})
			_ = c.Stats()
		}
	})
	now := t0
	for range 2000 {
		now = now.Add(time.Millisecond)
		c.CanSend(0)
		if c.HasPacingBudget(now) {
			c.OnPacketSent(now, 1350, 0, 1350, true)
		}
		_ = c.TimeUntilSend(0)
		c.OnCongestionEventEx(1350, now, nil, nil)
	}
	wg.Wait()
	if c.Stats().Pace != 1999*10_000 {
		t.Errorf("pace %d, want the last one set", c.Stats().Pace)
	}
}
