package fanout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

const age = 80 * time.Millisecond

// liveQueue is the queue of a picture that has nothing left to catch up with.
func liveQueue(t *testing.T, c *camera) *queue {
	t.Helper()
	q := &queue{video: true, waitKey: true, catchUp: c.now}
	var d Dropped
	q.push(c.now, c.frame(t, 1, true)[0], &d)
	if q.pop() == nil {
		t.Fatal("the first key frame was not queued")
	}
	q.settle(c.now)
	return q
}

func (q *queue) take(now time.Time, packets []*media.Packet, d *Dropped) {
	for _, p := range packets {
		q.push(now, p, d)
	}
}

func popQueue(q *queue) (out []*media.Packet) {
	for p := q.pop(); p != nil; p = q.pop() {
		out = append(out, p)
	}
	return out
}

func TestTooOldFramesGoWholeUpToTheNextKeyFrame(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := liveQueue(t, c)
	var d Dropped
	var key []*media.Packet
	for i := range 5 {
		fr := c.frame(t, 3, i == 3)
		if i == 3 {
			key = fr
		}
		q.take(fr[0].Arrival, fr, &d)
	}
	now := key[0].Arrival.Add(60 * time.Millisecond) // the oldest is 180 ms old
	if q.shed(now, age, &d) {
		t.Fatal("a key frame is asked for though one is queued")
	}
	got := popQueue(q)
	if len(got) != 6 || got[0] != key[0] || !q.gap {
		t.Fatalf("%d packets left, gap %v", len(got), q.gap)
	}
	if d.Frames != 3 || d.Packets != 9 {
		t.Fatalf("%+v", d)
	}
}

func TestWithoutAKeyFrameInTheQueueAllGoesAndOneIsAskedFor(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := liveQueue(t, c)
	var d Dropped
	q.take(c.now, c.frame(t, 3, false), &d)
	late := c.now.Add(100 * time.Millisecond)
	if !q.shed(late, age, &d) {
		t.Fatal("no key frame is asked for")
	}
	q.take(late, c.frame(t, 3, false), &d)
	if n := len(popQueue(q)); n != 0 {
		t.Fatalf("%d packets left that cannot be decoded", n)
	}
	q.take(late, c.frame(t, 2, true), &d)
	if n := len(popQueue(q)); n != 2 {
		t.Fatalf("%d packets of the key frame left", n)
	}
}

func TestLatePacketsOfADroppedFrameAreDroppedToo(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := liveQueue(t, c)
	var d Dropped
	old := c.frame(t, 3, false)
	q.take(old[0].Arrival, old[:2], &d)
	key := c.frame(t, 1, true)
	now := old[0].Arrival.Add(100 * time.Millisecond)
	q.take(now, key, &d)
	q.shed(now, age, &d)
	q.take(now, old[2:], &d)
	got := popQueue(q)
	if len(got) != 1 || got[0] != key[0] {
		t.Fatalf("%d packets left", len(got))
	}
}

func TestAFrameThatIsPartlyOutIsFinished(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := liveQueue(t, c)
	var d Dropped
	fr := c.frame(t, 10, true)
	q.take(fr[0].Arrival, fr, &d)
	q.pop()
	if q.shed(fr[0].Arrival.Add(2*age), age, &d); d.Packets != 0 {
		t.Fatalf("%d packets of a frame under way were dropped", d.Packets)
	}
	if q.shed(fr[0].Arrival.Add(4*age), age, &d); d.Packets != 9 {
		t.Fatalf("%d packets of a hopeless frame were dropped, want 9", d.Packets)
	}
}

func TestCatchUpIsNotTooOldAndEndsWhenItIsDone(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := &queue{video: true, waitKey: true, catchUp: c.now}
	var d Dropped
	for i := range 40 {
		q.take(c.now, c.frame(t, 10, i == 0), &d)
	}
	at := c.now.Add(time.Second)
	q.settle(at)
	q.shed(at, age, &d)
	if n := len(popQueue(q)); n != 400 || d.Frames != 0 {
		t.Fatalf("%d of 400 packets, %d frames dropped", n, d.Frames)
	}
	q.settle(at)
	q.take(at, c.frame(t, 1, false), &d)
	if q.shed(at.Add(2*age), age, &d); d.Frames != 1 {
		t.Fatal("the age rule does not hold after catch-up")
	}
}

func TestCatchUpSkipsToANewerKeyFrame(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := &queue{video: true, waitKey: true, catchUp: c.now}
	var d Dropped
	for i := range 10 {
		q.take(c.now, c.frame(t, 5, i == 0), &d)
	}
	q.pop()
	key := c.frame(t, 2, true)
	q.take(c.now, key, &d)
	q.settle(c.now)
	if got := popQueue(q); len(got) != 2 || got[0] != key[0] {
		t.Fatalf("%d packets left", len(got))
	}
}

func TestALeapOnTheWayInIsALeapOnTheWayOut(t *testing.T) {
	c := newCamera(media.LayerMain)
	q := liveQueue(t, c)
	popQueue(q)
	q.gap = false
	var d Dropped
	p := *c.frame(t, 1, true)[0]
	p.Leap = true
	q.push(c.now, &p, &d)
	if !q.gap {
		t.Fatal("the next node would wait for what nobody has")
	}
}
