package repair

import (
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/media"
)

// Push tells that p has just been sent. Parity that is to go with its frame comes
// out of Pop once the frame is complete: at the marker, or when the next frame
// begins.
func (s *Sender) Push(now time.Time, p *media.Packet) {
	f, ended := s.store.add(now, p)
	if f == nil {
		return
	}
	s.stats.Media++
	s.ssrc = p.SSRC
	if ended != nil && !ended.done {
		s.finish(now, ended)
	}
	if p.Marker && f == s.store.current && !f.done {
		s.finish(now, f)
	}
}

// finish sends the parity that goes with a frame.
func (s *Sender) finish(now time.Time, f *frame) {
	f.done = true
	s.store.forget(now.Add(-s.cfg.Keep))
	// A first answer would leave one round from now.
	sendings := s.path.Sendings(f.start.Add(s.path.Deadline).Sub(now) - s.path.Round())
	if sendings == 0 && s.finishWindow(f) {
		return
	}
	s.window.reset()
	blocks := s.store.blocks(f)
	for i := range blocks {
		rows := s.planner.Proactive(len(blocks[i].packets), sendings, s.path)
		s.order(&blocks[i], f, fec.Proactive, rows)
	}
	if n := len(s.ahead); n > 0 {
		s.ahead[n-1].Last = true
	}
	s.stats.Proactive += uint64(len(s.ahead))
	s.queue = append(s.queue, s.ahead...)
	s.ahead = s.ahead[:0]
}

// order puts rows over c into ahead. They get their numbers when they leave.
func (s *Sender) order(c *cover, f *frame, typ fec.Type, rows int) {
	for range rows {
		h := c.header(typ)
		h.Check = fec.Check(s.ssrc)
		s.ahead = append(s.ahead, order{
			Header: h, packets: c.packets, until: f.start.Add(s.path.Deadline), row: &f.rows[c.block],
		})
	}
}

// windowing is parity over several frames, for links so long that no request can
// be answered in time: what one frame's parity cannot mend, the next one's may.
type windowing struct {
	frames []*frame // the latest, in order, without a gap
	owed   float64  // rows due, with what was rounded off before
	row    uint8    // next row, counts on over all windows
}

func (w *windowing) reset() { w.frames = w.frames[:0] }

const (
	// maxWindow is the most frames in a window.
	maxWindow = 4
	// windowSpare is the time for sending a frame and its rows.
	windowSpare = 10 * time.Millisecond
	// Rows of windows are numbered apart from those of frames, as they may be
	// solved together.
	firstWindowRow = fec.MaxRows / 2
)

// finishWindow sends a frame's share of the parity of the window that ends with
// it. It returns false for frames that are better off alone: key frames, which
// are long, and any that would make a row too long.
func (s *Sender) finishWindow(f *frame) bool {
	if f.key || f.count > fec.MaxPackets || !f.whole() {
		return false
	}
	s.window.add(f, s.path)
	c := s.store.ranges(s.window.frames[0].first, f.last)
	if len(c) != 1 {
		return false
	}
	k := len(c[0].packets)
	rows := s.planner.Proactive(k, 0, s.path)
	s.window.owed += float64(rows*f.count) / float64(k)
	n := int(s.window.owed)
	s.window.owed -= float64(n)
	for i := range n {
		h := c[0].header(fec.Window)
		h.Row, h.Check, h.Last = firstWindowRow+s.window.row, fec.Check(s.ssrc), i == n-1
		s.window.row = (s.window.row + 1) % (fec.MaxRows - firstWindowRow)
		s.queue = append(s.queue, order{Header: h, packets: c[0].packets, until: f.start.Add(s.path.Deadline)})
	}
	s.stats.Proactive += uint64(n)
	return true
}

// add makes f the last frame of the window, and the first one that for which rows
// sent with f are still in time.
func (w *windowing) add(f *frame, p Path) {
	if n := len(w.frames); n > 0 && w.frames[n-1].last+1 != f.first {
		w.reset()
	}
	w.frames = append(w.frames, f)
	span := p.Deadline - p.OneWay - windowSpare
	for len(w.frames) > 1 && (len(w.frames) > maxWindow || f.start.Sub(w.frames[0].start) > span ||
		f.last-w.frames[0].first >= fec.MaxPackets) {
		w.frames = w.frames[1:]
	}
}
