package roq

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A part of a datagram that was too large for the path, the payload of a RoQ
// datagram on FragmentFlow ("classrelay/1" only):
//
//	id u16 | index u8 | count u8 | bytes
//
// id counts datagrams and wraps, index is 0 to count-1, count is 2 to 8. The
// bytes of all parts in order are the datagram, with its own flow id in front.
const (
	partHeader = 4
	// maxParts bounds what a peer can make us keep; two parts carry 2,420 bytes
	// on the narrowest path, which is more than any packet of ours.
	maxParts = 8
	// joinGroups is how many unfinished datagrams are remembered. At 5 % loss a
	// key frame of 234 packets leaves about 23 unfinished; those never finish,
	// and the oldest make room.
	joinGroups = 64
	// joinFor is how long the first part waits for the last. It is far beyond any
	// deadline, and far below the 25 s after which 2,600 packets/s wrap the id.
	joinFor = time.Second
)

// splitter cuts datagrams into parts. Not safe for concurrent use.
type splitter struct {
	id  uint16
	buf []byte
}

// split calls send for each part of the datagram, none longer than limit bytes
// with everything. The part must not be kept.
func (s *splitter) split(datagram []byte, limit int, send func(part []byte) error) error {
	room := limit - partHeader - 1 // FragmentFlow takes one byte
	if room <= 0 || (len(datagram)+room-1)/room > maxParts {
		return fmt.Errorf("%w: %d bytes do not fit into %d parts of %d", errNotSent, len(datagram), maxParts, limit)
	}
	// Two at least: a single part would be the datagram itself, only longer.
	count := max(2, (len(datagram)+room-1)/room)
	room = min(room, (len(datagram)+1)/2)
	s.id++
	for i := range count {
		part := datagram[min(i*room, len(datagram)):min((i+1)*room, len(datagram))]
		s.buf = append(s.buf[:0], FragmentFlow)
		s.buf = binary.BigEndian.AppendUint16(s.buf, s.id)
		s.buf = append(s.buf, byte(i), byte(count))
		if err := send(append(s.buf, part...)); err != nil {
			return err
		}
	}
	return nil
}

// joiner puts datagrams together again. Parts may come in any order and more
// than once. Not safe for concurrent use.
type joiner struct {
	groups     map[uint16]*group
	order      []uint16 // ids in groups, oldest first
	incomplete uint64   // datagrams forgotten before they were whole
}

type group struct {
	begun time.Time
	parts [maxParts][]byte
	count byte
	have  byte
}

// push takes one payload of FragmentFlow. When it was the last one missing, the
// whole datagram is returned, otherwise nil. The payload is kept until then.
func (j *joiner) push(now time.Time, payload []byte) ([]byte, error) {
	if len(payload) <= partHeader {
		return nil, fmt.Errorf("%w: part of %d bytes", ErrFraming, len(payload))
	}
	id, index, count := binary.BigEndian.Uint16(payload), payload[2], payload[3]
	if count < 2 || count > maxParts || index >= count {
		return nil, fmt.Errorf("%w: part %d of %d", ErrFraming, index, count)
	}
	j.expire(now)
	g := j.group(now, id, count)
	if g.count != count {
		return nil, fmt.Errorf("%w: datagram %d has %d parts and %d parts", ErrFraming, id, g.count, count)
	}
	if g.parts[index] != nil {
		return nil, nil // a duplicate
	}
	g.parts[index] = payload[partHeader:]
	g.have++
	if g.have < count {
		return nil, nil
	}
	j.remove(id)
	return g.join(), nil
}

func (g *group) join() []byte {
	var n int
	for _, p := range g.parts[:g.count] {
		n += len(p)
	}
	datagram := make([]byte, 0, n)
	for _, p := range g.parts[:g.count] {
		datagram = append(datagram, p...)
	}
	return datagram
}

// group finds the datagram a part belongs to, or begins one.
func (j *joiner) group(now time.Time, id uint16, count byte) *group {
	if g := j.groups[id]; g != nil {
		return g
	}
	if len(j.order) >= joinGroups {
		j.forgetOldest()
	}
	if j.groups == nil {
		j.groups = make(map[uint16]*group, joinGroups)
	}
	g := &group{begun: now, count: count}
	j.groups[id] = g
	j.order = append(j.order, id)
	return g
}

// expire forgets datagrams that waited too long, so that their parts never meet
// those of another datagram with the same id.
func (j *joiner) expire(now time.Time) {
	for len(j.order) > 0 && now.Sub(j.groups[j.order[0]].begun) > joinFor {
		j.forgetOldest()
	}
}

func (j *joiner) forgetOldest() {
	j.incomplete++
	j.remove(j.order[0])
}

func (j *joiner) remove(id uint16) {
	delete(j.groups, id)
	for i, o := range j.order {
		if o == id {
			j.order = append(j.order[:i], j.order[i+1:]...)
			return
		}
	}
}
