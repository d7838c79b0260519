package fmp4

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// moved is how far a stream's time line may move before the fragments follow:
	// half of what people notice between lips and voice (ITU-R BT.1359: 45 ms).
	moved = 22 * time.Millisecond
	// stepped is how far back it must move to be a node's clock that was set.
	stepped = time.Second
)

// clock puts the timestamps of one stream on the common time line, which counts
// from the epoch, by what the sender reports say.
type clock struct {
	rate int64 // ticks per second

	known  bool // there was a report
	at     time.Time
	stamp  uint32
	last   int64 // the last timestamp, without wrap
	placed bool
	zero   int64 // media time 0, as a timestamp without wrap
}

// report takes the newest report over.
func (c *clock) report(at time.Time, stamp uint32) {
	c.known, c.at, c.stamp = true, at, stamp
}

// place moves the line to where the last report says it is, unless it is close. A
// line that would go back by more than a second stays: the epoch has to move, by
// what place returns.
func (c *clock) place(epoch time.Time) (shift time.Duration) {
	want := c.ticks(c.at.Sub(epoch))
	stamp := c.unwrap(c.stamp)
	off := want - (stamp - c.zero)
	switch {
	case !c.placed:
		c.placed = true
	case off < -c.ticks(stepped):
		return c.duration(off)
	case max(off, -off) <= c.ticks(moved):
		return 0
	}
	c.zero = stamp - want
	return 0
}

// taken is when what has this timestamp was taken, by the last report.
func (c *clock) taken(timestamp uint32) time.Time {
	return c.at.Add(c.duration(int64(media.TimestampDiff(timestamp, c.stamp))))
}

// media is the timestamp on the common line, in ticks.
func (c *clock) media(timestamp uint32) int64 { return c.unwrap(timestamp) - c.zero }

func (c *clock) unwrap(timestamp uint32) int64 {
	c.last += int64(media.TimestampDiff(timestamp, uint32(c.last)))
	return c.last
}

func (c *clock) ticks(d time.Duration) int64 {
	return int64(d/time.Second)*c.rate + int64(d%time.Second)*c.rate/int64(time.Second)
}

func (c *clock) duration(ticks int64) time.Duration {
	return time.Duration(ticks/c.rate)*time.Second + time.Duration(ticks%c.rate)*time.Second/time.Duration(c.rate)
}
