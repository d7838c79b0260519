package fanout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/wallstep"
)

// dating is one flow as its uplink dates it: a peer whose clock is ahead, reports
// every half second and an answer to the time exchange every two seconds.
type dating struct {
	clock     peerClock
	dates     dates
	base      time.Time
	peerAhead time.Duration // true wall clock of the peer minus ours, with nobody's set
	ours      int64         // seconds by which our wall clock was set
	report    senderReport
}

func (d *dating) now(at time.Duration) time.Time { return wallstep.Step(d.base.Add(at), d.ours) }

// frame dates the frame taken at a time, and returns how far off that is.
func (d *dating) frame(at time.Duration) time.Duration {
	const ticks = 90
	peer := d.base.Round(0).Add(at + d.peerAhead)
	timestamp := uint32(at/time.Millisecond) * ticks
	if at%(500*time.Millisecond) == 0 {
		d.report = senderReport{at: peer, timestamp: timestamp, known: true}
	}
	if at%(2*time.Second) == 0 {
		now := d.now(at)
		d.clock.set(now, peer.Sub(now.Round(0)))
	}
	taken := d.clock.ours(d.report.at).Add(lasting(int(int32(timestamp-d.report.timestamp)), 1000*ticks))
	return d.dates.follow(d.now(at), timestamp, 1000*ticks, taken).Sub(d.now(at))
}

func TestCaptureTimesStayRightWhenAWallClockIsSet(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(d *dating)
	}{
		{"ours is set back", func(d *dating) { d.ours -= 3600 }},
		{"ours is set forward", func(d *dating) { d.ours += 20 * 365 * 86400 }},
		{"the peer's is set back", func(d *dating) { d.peerAhead -= time.Hour }},
		{"the peer's is set forward", func(d *dating) { d.peerAhead += 20 * 365 * 24 * time.Hour }},
		{"both are set", func(d *dating) { d.ours -= 60; d.peerAhead += time.Minute }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &dating{base: time.Now(), peerAhead: 7 * time.Second}
			const set = 10*time.Second + 80*time.Millisecond // between report and answer
			for at := time.Duration(0); at < 60*time.Second; at += 20 * time.Millisecond {
				if at == set {
					tt.set(d)
				}
				if off := d.frame(at); off.Abs() > time.Microsecond {
					t.Fatalf("at %v the capture time is off by %v", at, off)
				}
			}
		})
	}
}

func TestCaptureTimesThatStayElsewhereAreBelievedInTheEnd(t *testing.T) {
	var d dates
	now := time.Now()
	d.follow(now, 0, 1000, now)
	for ms := uint32(40); ms < 10_000; ms += 40 {
		at := now.Add(time.Duration(ms) * time.Millisecond)
		off := d.follow(at, ms, 1000, at.Add(time.Minute)).Sub(at)
		late := time.Duration(ms-40)*time.Millisecond >= datesDoubt
		if late && off != time.Minute || !late && off != 0 {
			t.Fatalf("after %d ms it is off by %v", ms, off)
		}
	}
}

func TestADoubtFromBeforeAPauseIsForgotten(t *testing.T) {
	var d dates
	now := time.Now()
	d.follow(now, 0, 1000, now)
	doubted := now.Add(40 * time.Millisecond)
	d.follow(doubted, 40, 1000, doubted.Add(time.Minute))
	later := now.Add(time.Hour)
	if off := d.follow(later, 3_600_000, 1000, later.Add(time.Minute)).Sub(later); off != 0 {
		t.Errorf("an hour later the first packet is off by %v", off)
	}
}
