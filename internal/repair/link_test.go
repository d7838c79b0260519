package repair

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/feedback"
	"github.com/classrelay/classrelay/media"
)

const ms = time.Millisecond

// t0 is when everything begins.
func t0() time.Time { return time.Unix(1_700_000_000, 0) }

// picturePacket makes packet i of n of a frame; no two have the same bytes.
func picturePacket(tb testing.TB, seq uint16, stamp, ssrc uint32, i, n int, key bool) *media.Packet {
	tb.Helper()
	slice := byte(1)
	if key {
		slice = 5
	}
	if i == 0 {
		slice |= 0x80
	}
	b := []byte{0x80, 96}
	if i == n-1 {
		b[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, stamp)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = append(b, 0x7c, slice)
	for j := range 8 + int(seq%5) {
		b = append(b, byte(seq)*7+byte(stamp>>8)+byte(j*j))
	}
	p, err := media.Parse(b, media.LayerMain, media.H264, t0())
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// link joins a sender and a receiver; what happens on the way is up to the test.
type link struct {
	tb       testing.TB
	now      time.Time
	path     Path
	sender   *Sender
	receiver *Receiver
	queue    events
	sent     map[uint16][]byte
	restored int
	asked    []time.Time

	// fate is asked for everything that is sent forth: how late it comes beyond
	// the usual, once per copy; none: it is lost.
	fate func(repair bool) []time.Duration
	// heard tells whether a request comes through.
	heard func() bool

	seq   uint16
	stamp uint32
	ssrc  uint32
}

type event struct {
	at time.Time
	n  int
	do func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].n < e[j].n
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newLink(tb testing.TB, path Path) *link {
	tb.Helper()
	l := &link{
		tb: tb, now: t0(), path: path.withDefaults(), sent: make(map[uint16][]byte),
		sender:   NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, &LossModel{})),
		receiver: NewReceiver(),
		fate:     func(bool) []time.Duration { return []time.Duration{0} },
		heard:    func() bool { return true },
		seq:      65_000, stamp: 0xffff_0000, ssrc: 77,
	}
	l.sender.SetPath(path)
	l.receiver.SetPath(path)
	return l
}

func (l *link) at(t time.Time, do func()) {
	heap.Push(&l.queue, event{t, len(l.queue) + int(t.UnixNano()&0xff), do})
}

// frame sends a frame of n packets a quarter of a millisecond apart, then 40 ms
// pass.
func (l *link) frame(n int, key bool) {
	start := l.now
	for i := range n {
		p := picturePacket(l.tb, l.seq, l.stamp, l.ssrc, i, n, key)
		l.sent[l.seq] = p.Raw
		l.seq++
		l.at(start.Add(time.Duration(i)*250*time.Microsecond), func() { l.send(p) })
	}
	l.stamp += 3600
	l.run(start.Add(40 * ms))
}

func (l *link) send(p *media.Packet) {
	l.sender.Push(l.now, p)
	for _, late := range l.fate(false) {
		l.at(l.now.Add(l.path.OneWay+late), func() { l.receiver.Push(l.now, p) })
	}
	l.sendRepair()
}

func (l *link) sendRepair() {
	for i := 0; ; i++ {
		r, ok := l.sender.Pop(l.now)
		if !ok {
			return
		}
		for _, late := range l.fate(true) {
			spacing := time.Duration(i) * 200 * time.Microsecond
			l.at(l.now.Add(l.path.OneWay+late+spacing), func() {
				if err := l.receiver.PushRepair(l.now, bytes.Clone(r.Raw)); err != nil {
					l.tb.Errorf("%v: %v", l.now.Sub(t0()), err)
				}
			})
		}
	}
}

// run lets time pass.
func (l *link) run(until time.Time) {
	for {
		l.drain()
		next := l.receiver.Next()
		if len(l.queue) > 0 && (next.IsZero() || l.queue[0].at.Before(next)) {
			next = l.queue[0].at
		}
		if next.IsZero() || next.After(until) {
			l.now = until
			return
		}
		if next.After(l.now) {
			l.now = next
		}
		for len(l.queue) > 0 && !l.queue[0].at.After(l.now) {
			heap.Pop(&l.queue).(event).do()
		}
	}
}

func (l *link) drain() {
	for {
		raw, ok := l.receiver.Pop(l.now)
		if !ok {
			break
		}
		l.restored++
		if want := l.sent[binary.BigEndian.Uint16(raw[2:])]; !bytes.Equal(raw, want) {
			l.tb.Fatalf("restored\n%x, sent was\n%x", raw, want)
		}
	}
	for {
		q, ok := l.receiver.PopRequest(l.now)
		if !ok {
			return
		}
		l.asked = append(l.asked, l.now)
		if l.heard() {
			l.at(l.now.Add(l.path.RTT-l.path.OneWay), func() {
				l.sender.Feedback(l.now, &feedback.FlowReport{Requests: []feedback.Request{q, q}})
				l.sendRepair()
			})
		}
	}
}

// lose makes the link lose packets like a chain, both ways, with packets out of
// order and copied.
func (l *link) lose(p, b, disorder, copies float64, seed uint64) {
	forth, back := newChain(p, b, seed), newChain(p, 1, seed+1)
	rnd := rand.New(rand.NewPCG(seed, 9))
	l.fate = func(bool) []time.Duration {
		if forth.lost() {
			return nil
		}
		late := []time.Duration{time.Duration(rnd.ExpFloat64() * float64(200*time.Microsecond))}
		if rnd.Float64() < disorder {
			late[0] += time.Duration(rnd.Int64N(int64(10 * ms)))
		}
		if rnd.Float64() < copies {
			late = append(late, time.Duration(rnd.Int64N(int64(100*ms))))
		}
		return late
	}
	l.heard = func() bool { return !back.lost() }
}
