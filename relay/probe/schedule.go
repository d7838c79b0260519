package probe

import (
	"time"

	"github.com/classrelay/classrelay/relay/control"
)

const (
	// A room: main and sub stream as a camera sends them, with the 5 % of headers
	// and the 5 % of repair that the product reckons with on an ordinary line.
	mainRate  = 4e6
	subRate   = 0.5e6
	wireShare = 1.05 * 1.05
	// RoomRate is what one room takes on the wire, in bit/s.
	RoomRate = (mainRate + subRate) * wireShare

	frameEvery = 40 * time.Millisecond
	group      = 50 // frames from key frame to key frame: two seconds
	keySize    = 8  // a key frame in other frames
	// paceRoom is what the product's pace is above the rate of what it carries.
	paceRoom = 12e6
	// wireCost is what a packet costs beside its payload: flow id, QUIC, UDP, IPv4.
	wireCost = 67
	// smallEvery is how often the trickle has a small packet; it has a full one
	// for every second.
	smallEvery = 20 * time.Millisecond
)

// schedule says when the packets of a step leave and how large they are. It is a
// core: Pop until it has none, then wait for Next.
type schedule struct {
	step  control.ProbeStep
	begin time.Time
	turn  int // frames made, over all rooms
	queue []int
	next  time.Time // of the next frame
	free  time.Time // when the pace lets the next packet go
	seq   uint32
}

func newSchedule(step control.ProbeStep, now time.Time) *schedule {
	return &schedule{step: step, begin: now, next: now, free: now}
}

// rate is what a step amounts to on the wire, in bit/s.
func rate(rooms int) int64 {
	if rooms == 0 {
		return int64((smallSize + wireCost + (fullSize+wireCost)/2) * 8 / smallEvery.Seconds())
	}
	return int64(float64(rooms) * RoomRate)
}

// pace is how fast the packets of a frame follow each other, in bit/s.
func pace(rooms int) int64 { return rate(rooms) + paceRoom }

// Pop returns the next packet that may leave: its number and its payload in bytes.
func (s *schedule) Pop(now time.Time) (seq uint32, size int, ok bool) {
	s.fill(now)
	if len(s.queue) == 0 || now.Before(s.free) {
		return 0, 0, false
	}
	size, s.queue = s.queue[0], s.queue[1:]
	s.free = later(s.free, now.Add(-time.Millisecond)) // what a late timer missed is made up for, 1 ms of it
	s.free = s.free.Add(time.Duration(float64(size+wireCost) * 8 / float64(pace(s.step.Rooms)) * 1e9))
	seq = s.seq
	s.seq++
	return seq, size, true
}

// over tells whether the step has sent everything.
func (s *schedule) over() bool { return len(s.queue) == 0 && !s.next.Before(s.end()) }

func (s *schedule) end() time.Time {
	return s.begin.Add(time.Duration(s.step.ForMs) * time.Millisecond)
}

// Next is when Pop may have a packet; zero when the step is over.
func (s *schedule) Next() time.Time {
	switch {
	case len(s.queue) > 0:
		return s.free
	case s.over():
		return time.Time{}
	}
	return s.next
}

// fill queues the frames that are due.
func (s *schedule) fill(now time.Time) {
	for !now.Before(s.next) && s.next.Before(s.end()) {
		if s.step.Rooms == 0 {
			s.trickle()
			continue
		}
		room, slot := s.turn%s.step.Rooms, s.turn/s.step.Rooms
		s.turn++
		s.next = s.begin.Add(frameEvery * time.Duration(s.turn) / time.Duration(s.step.Rooms))
		// The rooms' key frames are spread over the group of pictures.
		key := (slot+group-room*group/s.step.Rooms)%group == 0
		s.frame(mainRate, key)
		s.frame(subRate, key)
	}
}

func (s *schedule) trickle() {
	if s.turn++; s.turn%2 == 0 {
		s.queue = append(s.queue, fullSize)
	}
	s.queue = append(s.queue, smallSize)
	s.next = s.next.Add(smallEvery)
}

// frame queues one frame of a stream of the given rate in full packets.
func (s *schedule) frame(rate float64, key bool) {
	size := rate * wireShare / 8 * frameEvery.Seconds() * group / (group - 1 + keySize)
	if key {
		size *= keySize
	}
	for left := int(size); left > 0; left -= fullSize + wireCost {
		s.queue = append(s.queue, max(headSize, min(left-wireCost, fullSize)))
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
