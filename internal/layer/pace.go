package layer

import (
	"math"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const (
	// paceRoom above the level's rate makes a burst of every frame and leaves a
	// silence after it: both are needed to read the link.
	paceRoom    = 12e6
	paceRoomSub = 2e6 // with sub streams only, after a step down
	paceLeast   = 1.25
	// crowded is how many main streams leave no silence of their own at 25 frames
	// a second; from there on the pacer makes it, and needs (20+8)/20 of the rate.
	crowded     = 4
	paceSilence = 1.6

	// A queue that others keep has little room left. Measured beside one BBR flow of
	// Linux, 20 Mbit/s, queue of 100 ms: of key frames sent at 53 Mbit/s 15 to 33 % is
	// lost, at 9 Mbit/s 4 %, at 7 Mbit/s 2 %; of other frames nothing. So there a key
	// frame takes the time it has, and keyShare of the level's rate has to leave in it:
	// eight frames of fifty-seven, with 2 s from one to the next.
	keyShare = 280 * time.Millisecond
	// besideReserve of the budget is for sending parity and for the frames behind.
	besideReserve = 40 * time.Millisecond
	besideSoonest = 40 * time.Millisecond // a queue so long makes all frames late
	besideLeast   = 2.5e6                 // of room: a cached group has to leave too
	// A newcomer fills the queue within 150 ms: that is no time to wait for the
	// queue to stand.
	besideQueue = 15 * time.Millisecond
	besideKept  = 500 * time.Millisecond
	// Others that back off leave room for seconds after each overflow; there a quick
	// frame has time for a repair. spiltMemory is four groups of pictures, less than
	// one NewReno takes to come back. Who begins overflows at first: spiltGrace.
	spiltQueue  = 30 * time.Millisecond
	spiltLoss   = 0.02
	spiltMemory = 8 * time.Second
	spiltGrace  = 2 * time.Second

	capTrain   = 0.95
	capRelax   = 0.2 // a second: twice the rate after 3.5 s
	capBelow   = 0.8 // of the pace: a train that is slower was slowed by the link
	capQueue   = 8 * time.Millisecond
	capPhi     = 0.3
	capFall    = 0.9
	capRivals  = time.Second
	capThrough = 0.95
	capSpare   = 1.1
	capWaiting = 40 * time.Millisecond
	capBusy    = 60 * time.Millisecond
	capGrowth  = 25 * time.Millisecond
	capWiden   = 1.05 // per report

	// A link that was seen to be wide takes a frame faster: every fiftieth frame
	// is a key frame of 140 kB, 66 ms at 17 Mbit/s and 19 ms at 60. The share
	// leaves room for what else is on the link; above the most, bursts would
	// press into what other people's queues hold for little gain.
	wideShare = 0.7
	wideMost  = 60e6
	// Within a building or a data centre nobody's ADSL is on the way, and hops add
	// up: a key frame of 100 kB takes 13 ms at 60 Mbit/s, 3 ms at this.
	wideNear = 250e6
	nearRTT  = 3 * time.Millisecond
	wideStep = 0.1 // of the way up, per report; down at once
	// A policer shows no queue and drops what comes too fast: after a loss out of
	// the usual the pace stays at what the level needs.
	wideLoss      = 0.2 // bursts of five at 5 % make 15 % of some 600 ms
	wideAfterLoss = time.Minute
	// bruised is how long after a step down the sub streams are sent gently.
	bruised = 10 * time.Second
)

// pace is the rate of the pacer and the cap that the link sets to it.
type pace struct {
	beside  bool          // others hold a queue
	filled  time.Time     // when others filled it last
	brimful bool          // and it overflows
	spilt   time.Time     // when it overflowed on us last
	way     time.Duration // to the other end, behind the queue
	budget  time.Duration
	limit   float64   // 0: none
	last    float64   // the pace of the last verdict
	at      time.Time // of the last report
	wide    float64   // what the link's width allows
	bitten  time.Time // of the last loss out of the usual
	hurt    time.Time // of the last step down
}

// read adjusts the cap after a report.
func (p *pace) read(s *bwe.Signals, flowing float64, contested, waiting time.Duration) {
	// On a narrow link our own key frame looks like a newcomer for a while: only where
	// we take little of it is that no matter.
	small := flowing < smallShare*s.Capacity
	if small && s.Phi.Or(0) > rivalPhi && s.Queue-s.Noise > besideQueue {
		p.filled = s.At
	}
	p.beside = contested > capRivals || s.At.Sub(p.filled) < besideKept
	if s.Queue250 > spiltQueue && s.Loss250 > spiltLoss+s.LossUsual {
		p.spilt = s.At
	}
	p.brimful = p.beside && (contested < spiltGrace || s.At.Sub(p.spilt) < spiltMemory)
	if dt := s.At.Sub(p.at); p.limit > 0 && dt > 0 {
		p.limit *= math.Exp(capRelax * min(dt.Seconds(), 1))
	}
	p.at, p.way = s.At, s.RTT/2+s.Queue500
	if p.limit > 0 && p.limit < capSpare*flowing && waiting > capWaiting && s.Queue-s.Noise < capQueue {
		p.limit *= capWiden // the queue is here and not on the link: the cap is too low
	}
	if contested > capRivals || p.limit > p.last*2 {
		p.limit = 0
	}
	if s.Phi.Or(1) < capPhi && s.Train > 0 && s.Train < capBelow*p.last && s.Queue-s.Noise > capQueue {
		p.limit = capTrain * s.Train
		if s.Busy.Rate >= capThrough*flowing {
			p.limit = max(p.limit, capSpare*flowing) // all of it comes through
		}
	}
	if b := &s.Busy; contested == 0 && s.Phi.Or(0) < capPhi && b.Length >= capBusy && b.Growth >= capGrowth &&
		b.Rate > 0 && b.Rate < capBelow*p.last {
		// Bursts that leave slowly make no trains; the queue that they leave tells
		// as well.
		p.limit = max(capTrain*b.Rate, capSpare*flowing)
	}
	p.widen(s, contested)
}

// widen follows the packet trains, which show how fast the link takes a burst.
func (p *pace) widen(s *bwe.Signals, contested time.Duration) {
	most := wideMost
	if s.RTT > 0 && s.RTT < nearRTT {
		most = wideNear
	}
	target := min(wideShare*s.Train, most)
	lossy := s.Loss600 > wideLoss+2*s.LossUsual && s.Sent600 >= lossLeast
	if lossy {
		p.bitten = s.At
	}
	switch {
	case lossy || s.At.Sub(p.bitten) < wideAfterLoss || contested > 0 || s.Queue-s.Noise > capQueue:
		p.wide = 0
	case s.Train == 0: // too little was sent to see
	case target > p.wide:
		p.wide += wideStep * (target - p.wide)
	default:
		p.wide -= wideStep * (p.wide - target)
	}
}

// after sets the cap when a level was left because only so much came through.
func (p *pace) after(target float64) { p.limit = capFall / targetShare * target }

// fell notes a step down, whatever the reason.
func (p *pace) fell(now time.Time) { p.hurt, p.wide = now, 0 }

// gentle is the room that a key frame needs to be in time behind the queue of others,
// and no more than that.
func (p *pace) gentle(level float64) float64 {
	left := max(besideSoonest, p.budget-p.way-besideReserve)
	return max(besideLeast, level*(keyShare.Seconds()/left.Seconds()-1))
}

// rate is the pace for a level.
func (p *pace) rate(level float64, mains int, silence bool, probe float64) (rate, limit float64) {
	room := paceRoom
	if mains == 0 && p.at.Sub(p.hurt) < bruised {
		room = paceRoomSub
	}
	if p.brimful {
		room = min(room, p.gentle(level))
	}
	least := paceLeast
	if silence {
		least = paceSilence
	}
	rate = max(level+room, level*least, probe*paceLeast, p.wide)
	p.last = rate
	if p.limit > 0 && p.limit < rate && probe == 0 {
		// Never below what the level itself needs: its frames would only wait here.
		rate = max(p.limit, capSpare*level)
		return rate, rate
	}
	return rate, 0
}
