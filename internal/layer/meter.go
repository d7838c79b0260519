package layer

import "time"

// What a layer is taken for whose own rate is not known yet, in bit/s.
const (
	NominalMain  = 4e6
	NominalSub   = 0.5e6
	NominalAudio = 0.1e6
)

const (
	// meterSlots of a second each: a rate over ten seconds has five key frames of
	// a camera in it, and one more or less does not matter.
	meterSlots = 10
	slotLength = int64(time.Second)
	// longestPause is what may lie between two pictures of a slow camera. After more the
	// layer was away and has come again, which says nothing about how it goes.
	longestPause = 750 * time.Millisecond
	// meterSoonest is how long a layer must have been seen for its rate to count.
	meterSoonest = 500 * time.Millisecond
)

// Meter measures the bit rate of a layer over the last ten seconds, by the arrival
// times of its packets, so that a cached group that comes at once does not look like
// more. The zero value has seen nothing.
type Meter struct {
	slots [meterSlots]int64         // bytes in each second
	gaps  [meterSlots]time.Duration // the longest pause that ended in it
	slot  int64                     // number of the newest slot
	first time.Time                 // arrival of the first packet
	last  time.Time                 // arrival of the newest packet
}

// Add counts a packet. One that was counted already (read again from the cached
// group) is told by its arrival.
func (m *Meter) Add(at time.Time, bytes int) {
	if m.first.IsZero() {
		m.first = at
	}
	if at.Before(m.last) {
		return
	}
	pause := at.Sub(m.last)
	if pause > longestPause {
		pause = 0
	}
	m.last = at
	n := int64(at.Sub(m.first)) / slotLength
	m.advance(n)
	m.slots[n%meterSlots] += int64(bytes)
	m.gaps[n%meterSlots] = max(m.gaps[n%meterSlots], pause)
}

func (m *Meter) advance(n int64) {
	for ; m.slot < n; m.slot++ {
		if n-m.slot > meterSlots {
			m.slots, m.gaps, m.slot = [meterSlots]int64{}, [meterSlots]time.Duration{}, n
			return
		}
		next := (m.slot + 1) % meterSlots
		m.slots[next], m.gaps[next] = 0, 0
	}
}

// Bits is the rate in bit/s at now; false while too little has been seen.
func (m *Meter) Bits(now time.Time) (float64, bool) {
	seen := now.Sub(m.first)
	if m.first.IsZero() || seen < meterSoonest {
		return 0, false
	}
	n := int64(seen)
	m.advance(n / slotLength)
	var sum int64
	for _, b := range m.slots {
		sum += b
	}
	over := min(seen, time.Duration((meterSlots-1)*slotLength+n%slotLength))
	return float64(sum*8) / over.Seconds(), true
}

// OvertakenBy tells whether another layer has come on for longer than this one ever pauses,
// and for d at least, since this one came last: whoever sends both has given this one up.
func (m *Meter) OvertakenBy(other *Meter, d time.Duration) bool {
	usual := time.Duration(0)
	for _, gap := range m.gaps {
		usual = max(usual, gap)
	}
	return !m.Empty() && other.last.Sub(m.last) > max(d, 2*usual)
}

// Empty tells whether nothing has ever come.
func (m *Meter) Empty() bool { return m.first.IsZero() }

// Silent tells whether nothing has come for so long.
func (m *Meter) Silent(now time.Time, d time.Duration) bool { return now.Sub(m.last) > d }
