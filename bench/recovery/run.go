package recovery

import (
	"bytes"
	"container/heap"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/media"
)

// kind of a datagram.
type kind uint8

const (
	mediaPacket kind = iota
	repairPacket
	report
)

// flight is a datagram on its way.
type flight struct {
	at   time.Time
	kind kind
	p    *media.Packet // of media
	b    []byte        // of anything else
	n    int           // order of sending, so that ties do not depend on the heap
}

type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at.Before(f[j].at) || f[i].at.Equal(f[j].at) && f[i].n < f[j].n
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// simulation is one scheme on one link.
type simulation struct {
	cell      Cell
	scheme    scheme
	now       time.Time
	forth     *channel
	back      *channel
	air       flights
	source    source
	frames    int // to be made
	nextFrame time.Time

	// The sender's queues: what goes before media, media, what goes after.
	urgent, after [][]byte
	media         []*media.Packet
	free          time.Time // when the next packet may leave

	audit audit
	row   Row
}

// begin is when every simulation begins; any time would do.
func begin() time.Time { return time.Unix(1_700_000_000, 0) }

// simulate sends frames over the cell's link and measures.
func simulate(cell Cell, s scheme, frames int, seed uint64) (Row, error) {
	m := newSimulation(cell, s, frames, seed)
	if err := m.run(); err != nil {
		return Row{}, err
	}
	m.audit.finish(cell.Deadline, &m.row)
	m.row.Cell, m.row.Frames = cell, frames
	m.row.Loss = float64(m.forth.lost) / float64(m.forth.offered)
	return m.row, nil
}

func newSimulation(cell Cell, s scheme, frames int, seed uint64) *simulation {
	return &simulation{
		cell: cell, scheme: s, now: begin(), nextFrame: begin(), free: begin(), frames: frames,
		forth: forth(cell, seed), back: back(cell, seed),
		audit: audit{pending: make(map[uint16]*sentPacket)},
	}
}

func (m *simulation) run() error {
	for m.step() {
		if err := m.tick(); err != nil {
			return fmt.Errorf("%v after %v: %w", m.cell, m.now.Sub(begin()), err)
		}
	}
	return nil
}

// aftermath is how long after the last frame repairs are waited for.
const aftermath = 2 * time.Second

// step moves time to the next event.
func (m *simulation) step() bool {
	next := m.scheme.next()
	if len(m.air) > 0 {
		next = earlier(next, m.air[0].at)
	}
	if m.source.frame < m.frames {
		next = earlier(next, m.nextFrame)
	}
	if len(m.urgent)+len(m.media)+len(m.after) > 0 {
		next = earlier(next, m.free)
	}
	if next.IsZero() || m.source.frame >= m.frames && next.After(m.nextFrame.Add(aftermath)) {
		return false
	}
	if next.After(m.now) {
		m.now = next
	}
	return true
}

// tick does everything that is due now.
func (m *simulation) tick() error {
	if m.source.frame < m.frames && !m.now.Before(m.nextFrame) {
		packets, err := m.source.next(m.now)
		if err != nil {
			return err
		}
		m.audit.frame(m.now, packets)
		m.media = append(m.media, packets...)
		m.nextFrame = m.nextFrame.Add(frameTime)
	}
	for len(m.air) > 0 && !m.now.Before(m.air[0].at) {
		if err := m.arrive(heap.Pop(&m.air).(flight)); err != nil {
			return err
		}
	}
	for {
		b, ok := m.scheme.report(m.now)
		if !ok {
			break
		}
		m.row.Feedback += len(b)
		m.launch(m.back, flight{kind: report, b: b})
	}
	m.send()
	return nil
}

func (m *simulation) launch(c *channel, f flight) {
	at, ok := c.send(m.now)
	if !ok {
		return
	}
	f.at, f.n = at, m.forth.offered+m.back.offered
	heap.Push(&m.air, f)
}

// send lets one packet go when the pace allows it.
func (m *simulation) send() {
	if m.now.Before(m.free) {
		return
	}
	switch {
	case len(m.urgent) > 0:
		m.sendRepair(&m.urgent)
	case len(m.media) > 0:
		p := m.media[0]
		m.media = m.media[1:]
		m.row.Media++
		m.row.MediaBytes += p.Size()
		m.scheme.push(m.now, p)
		m.collect()
		m.launch(m.forth, flight{kind: mediaPacket, p: p})
	case len(m.after) > 0:
		m.sendRepair(&m.after)
	default:
		return
	}
	m.free = m.now.Add(packetTime)
}

func (m *simulation) sendRepair(queue *[][]byte) {
	b := (*queue)[0]
	*queue = (*queue)[1:]
	m.row.Repairs++
	m.launch(m.forth, flight{kind: repairPacket, b: b})
}

// collect queues the repair packets that the scheme has ready.
func (m *simulation) collect() {
	for {
		b, urgent, ok := m.scheme.repair(m.now)
		switch {
		case !ok:
			return
		case urgent:
			m.urgent = append(m.urgent, b)
		default:
			m.after = append(m.after, b)
		}
	}
}

func (m *simulation) arrive(f flight) error {
	switch f.kind {
	case mediaPacket:
		m.audit.got(m.now, f.p.Raw)
		m.scheme.media(m.now, f.p)
	case repairPacket:
		if err := m.scheme.parity(m.now, f.b); err != nil {
			return err
		}
	case report:
		if err := m.scheme.feedback(m.now, f.b); err != nil {
			return err
		}
		m.collect()
	}
	for {
		raw, ok := m.scheme.restored(m.now)
		if !ok {
			return nil
		}
		m.row.Restored++
		if !m.audit.got(m.now, raw) {
			m.row.Wrong++
		}
	}
}

// audit knows what was sent and measures what came of it.
type audit struct {
	pending map[uint16]*sentPacket
	frames  []sentFrame
}

type sentPacket struct {
	raw   []byte
	frame int
	there bool
}

type sentFrame struct {
	start, complete time.Time
	missing         int
}

func (a *audit) frame(now time.Time, packets []*media.Packet) {
	for _, p := range packets {
		a.pending[p.Seq] = &sentPacket{raw: p.Raw, frame: len(a.frames)}
	}
	a.frames = append(a.frames, sentFrame{start: now, missing: len(packets)})
}

// got takes a packet that came or was restored and tells whether it is right.
func (a *audit) got(now time.Time, raw []byte) bool {
	seq := uint16(raw[2])<<8 | uint16(raw[3])
	p := a.pending[seq]
	if p == nil || !bytes.Equal(p.raw, raw) {
		return false
	}
	if p.there {
		return true
	}
	p.there = true
	f := &a.frames[p.frame]
	if f.missing--; f.missing == 0 {
		f.complete = now
	}
	return true
}
