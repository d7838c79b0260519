package fanout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// queue is what one flow still has to send, frame by frame, oldest first. It is
// bounded by age, not by count: a frame that has waited longer than the limit is
// useless at the far end, and everything up to the next frame that can be decoded
// alone is useless with it.
//
// A flow begins in catch-up: the cached group of pictures is in the queue at once
// and older than any limit. It ends when the queue has run empty, or after
// catchUpMost when the link cannot carry more than the flow itself.
type queue struct {
	frames  []*frame
	video   bool
	waitKey bool // nothing can be decoded before the next key frame
	catchUp time.Time
	bytes   int
	gap     bool // packets were left out in front of the next one to leave
}

// frame is one video frame, or one audio packet, waiting to leave.
type frame struct {
	timestamp uint32
	since     time.Time // when its first packet was queued
	packets   []*media.Packet
	sent      int // packets that have left already
	key       bool
	dropping  bool // its packets are dropped as they come
}

// catchUpMost bounds catch-up: a cached group of two seconds leaves in half a
// second where the link has room; where it has not, the age rule must rule.
const catchUpMost = 3 * time.Second

// finishFactor: a frame of which a part has left is finished unless it is this
// many times older than the limit; cutting it off would waste what is out already.
const finishFactor = 3

// Dropped counts what a queue let go of, by reason.
type Dropped struct {
	Frames  uint64 // whole frames, too old or not decodable without those
	Packets uint64 // the packets in them
}

// push queues p. A packet of a frame that is not to be sent is dropped; so is
// one that comes after its frame's turn has passed for good.
func (q *queue) push(now time.Time, p *media.Packet, d *Dropped) {
	f := q.frame(now, p)
	f.key = f.key || p.Key || !q.video
	if q.waitKey && f.key {
		q.waitKey = false
	}
	if f.dropping || q.waitKey {
		q.gap = true
		if !f.dropping {
			f.dropping = true
			d.Frames++
		}
		d.Packets++
		return
	}
	f.packets = append(f.packets, p)
	q.bytes += p.Size()
	q.gap = q.gap || p.Leap
}

// frame finds p's frame among the last ones, or opens a new one at the end.
func (q *queue) frame(now time.Time, p *media.Packet) *frame {
	for i := len(q.frames) - 1; i >= 0 && i >= len(q.frames)-recentFrames; i-- {
		if q.frames[i].timestamp == p.Timestamp {
			return q.frames[i]
		}
	}
	f := &frame{timestamp: p.Timestamp, since: now}
	q.frames = append(q.frames, f)
	return f
}

// head is the oldest frame that has a packet to send. Frames behind it that are
// done stay for as long as a late packet of theirs may come.
func (q *queue) head() *frame {
	for _, f := range q.frames {
		if f.sent < len(f.packets) {
			return f
		}
	}
	return nil
}

// pop takes the oldest packet off.
func (q *queue) pop() *media.Packet {
	f := q.head()
	if f == nil {
		return nil
	}
	p := f.packets[f.sent]
	f.packets[f.sent] = nil
	f.sent++
	q.bytes -= p.Size()
	q.tidy()
	return p
}

// tidy forgets finished frames, but for the last few: a repaired packet of one
// of them may still come and must not look like a new frame.
func (q *queue) tidy() {
	for len(q.frames) > recentFrames && q.frames[0].sent == len(q.frames[0].packets) {
		q.frames = q.frames[1:]
	}
}

// settle ends catch-up when there is nothing left to catch up with.
func (q *queue) settle(now time.Time) {
	if q.catchUp.IsZero() {
		return
	}
	if q.bytes == 0 || now.Sub(q.catchUp) > catchUpMost {
		q.catchUp = time.Time{}
		for _, f := range q.frames {
			f.since = now
		}
		return
	}
	// A newer key frame makes what is left of the older group pointless.
	for i := len(q.frames) - 1; i > 0; i-- {
		if q.frames[i].key && q.frames[i].sent == 0 && len(q.frames[i].packets) > 0 {
			q.cut(i)
			return
		}
	}
}

// shed applies the age rule and reports whether a key frame should be asked for.
func (q *queue) shed(now time.Time, limit time.Duration, d *Dropped) (needKey bool) {
	f := q.head()
	if f == nil || !q.catchUp.IsZero() {
		return false
	}
	if f.sent > 0 {
		limit *= finishFactor
	}
	if now.Sub(f.since) <= limit {
		return false
	}
	to := len(q.frames)
	for i, g := range q.frames {
		if g != f && g.key && g.sent == 0 && g.since.After(f.since) && now.Sub(g.since) <= limit {
			to = i
			break
		}
	}
	if to == len(q.frames) {
		q.waitKey = q.video
	}
	q.count(to, d)
	q.cut(to)
	return q.waitKey
}

// count adds what cut(to) is about to drop.
func (q *queue) count(to int, d *Dropped) {
	for _, f := range q.frames[:to] {
		if n := len(f.packets) - f.sent; n > 0 {
			d.Frames++
			d.Packets += uint64(n)
		}
	}
}

// cut drops the frames before index to. They stay known as dropped, so that
// their late packets are dropped too.
func (q *queue) cut(to int) {
	for _, f := range q.frames[:to] {
		for _, p := range f.packets[f.sent:] {
			q.bytes -= p.Size()
			q.gap = true
		}
		f.packets, f.sent, f.dropping = nil, 0, true
	}
	q.tidy()
}

// clear drops everything and waits for the next key frame.
func (q *queue) clear(d *Dropped) {
	q.count(len(q.frames), d)
	q.cut(len(q.frames))
	q.waitKey = q.video
}

// restart forgets everything, for a flow that is pushed anew from its cached
// group of pictures.
func (q *queue) restart(now time.Time, d *Dropped) {
	q.count(len(q.frames), d)
	*q = queue{video: q.video, waitKey: q.video, catchUp: now, gap: true}
}
