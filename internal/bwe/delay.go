package bwe

import "time"

// baseBuckets is for how many seconds the least delay counts as the path's own.
// A minute outlives most queues; a path that became longer is believed after it,
// and until then looks like a queue of others, which changes nothing.
const baseBuckets = 60

// baseHold is for how much longer it counts while a queue stands and moves, as
// that of others does for as long as their transfer lasts. A clock that drifts by
// 100 parts per million is 18 ms wrong after it.
const baseHold = 180 * time.Second

// baseline is the least delay of the last minute, in buckets of one second, so
// that a clock that drifts does not look like a queue.
type baseline struct {
	least  [baseBuckets]time.Duration
	used   [baseBuckets]bool
	second int64
	min    time.Duration
	any    bool

	held  time.Duration // an older minimum that still counts
	until time.Duration // 0: none
}

func (b *baseline) empty() bool { return !b.any }

// update takes a delay seen at the given time and returns the baseline. While a
// queue stands, its least is no news about the path.
func (b *baseline) update(at, delay time.Duration, stands bool) time.Duration {
	if second := int64(at / time.Second); !b.any || second > b.second {
		known, was := b.any, b.min
		b.turn(second)
		if known && stands && b.until == 0 && (!b.any || b.min > was) {
			b.held, b.until = was, at+baseHold
		}
	}
	if b.until > 0 && (!stands || at > b.until || delay <= b.held) {
		b.until = 0
	}
	i := b.second % baseBuckets
	if !b.used[i] || delay < b.least[i] {
		b.least[i], b.used[i] = delay, true
		if !b.any || delay < b.min {
			b.min, b.any = delay, true
		}
	}
	if b.until > 0 {
		return min(b.held, b.min)
	}
	return b.min
}

// turn moves on to another second and forgets the one a minute before.
func (b *baseline) turn(second int64) {
	if !b.any || second-b.second >= baseBuckets {
		*b = baseline{second: max(second, 0)}
		return
	}
	for ; b.second < second; b.second++ {
		b.used[(b.second+1)%baseBuckets] = false
	}
	b.any = false
	for i, used := range b.used {
		if used && (!b.any || b.least[i] < b.min) {
			b.min, b.any = b.least[i], true
		}
	}
}

// slowMemory is that of slow averages.
const slowMemory = 2 * time.Second

// weight is how much a new value counts in an average of the given memory when
// the last one was dt ago: reports come in bursts when packets are missing.
func weight(dt, memory time.Duration) float64 {
	if dt <= 0 || memory <= 0 {
		return 0
	}
	return min(dt.Seconds()/memory.Seconds(), 1)
}

const (
	// queueWindow is longer than a frame interval at 25 per second, so that it
	// always holds packets from the beginning of a frame.
	queueWindow = 45 * time.Millisecond
	swingSpan   = 10 * time.Second
	swingLeast  = 12 * time.Millisecond
	// busyAbove is the queue that counts as one: twice what a 5 ms quantum of
	// ours leaves behind, less than half a frame.
	busyAbove = 8 * time.Millisecond
)

// queueing is the standing queue: minima of the delay above the baseline.
type queueing struct {
	packets   least // over queueWindow of arrivals
	w250      least
	w500      least
	low, high least // of swingSpan; high holds negatives
	noise     time.Duration
	value     time.Duration
	newest    time.Duration // the latest arrival
	anyPacket bool
	settled   time.Duration // the last report
}

// add takes one packet that arrived at the given time with the given delay.
func (q *queueing) add(arrived, queue time.Duration) {
	if !q.anyPacket || arrived > q.newest {
		q.newest, q.anyPacket = arrived, true
	}
	q.packets.add(arrived, queue)
}

// settle closes a report.
func (q *queueing) settle(at time.Duration, busy bool) {
	if !q.anyPacket {
		return
	}
	q.value = q.packets.over(q.newest - queueWindow)
	q.w250.add(at, q.value)
	q.w500.add(at, q.value)
	l500 := q.least500()
	q.low.add(at, l500)
	q.high.add(at, -l500)
	q.w250.over(at - 250*time.Millisecond)
	if !busy {
		q.noise += time.Duration(float64(q.value-l500-q.noise) * weight(at-q.settled, slowMemory))
	}
	q.settled = at
}

// swing is how far the queue went up and down in the last ten seconds, bursts of
// our own left out. Others
// that fill a queue also back off; a path that became longer does not.
func (q *queueing) swing() time.Duration {
	from := q.low.last - swingSpan
	return -q.high.over(from) - q.low.over(from)
}

// watch begins to measure the swing: the step up to a new queue is not one.
func (q *queueing) watch(at time.Duration) {
	q.low, q.high = least{}, least{}
	q.low.add(at, q.least500())
	q.high.add(at, -q.least500())
}

// moves tells whether the standing queue is one that somebody fills.
func (q *queueing) moves() bool { return q.swing() > swingLeast+2*q.noise }

func (q *queueing) now() time.Duration { return q.value }

func (q *queueing) least250() time.Duration { return q.w250.over(q.w250.last - 250*time.Millisecond) }

func (q *queueing) least500() time.Duration { return q.w500.over(q.w500.last - 500*time.Millisecond) }

// least is a sliding minimum: values that a later, smaller one has outlived are
// dropped, so the first that is left is the least.
type least struct {
	at, value []time.Duration
	last      time.Duration
}

func (l *least) add(at, value time.Duration) {
	if len(l.at) > 0 && at < l.last {
		at = l.last // reordered: it counts as having come now
	}
	l.last = at
	n := len(l.at)
	for n > 0 && l.value[n-1] >= value {
		n--
	}
	l.at, l.value = append(l.at[:n], at), append(l.value[:n], value)
}

// over forgets what came before from and returns the least of the rest. The
// newest value always stays.
func (l *least) over(from time.Duration) time.Duration {
	if len(l.at) == 0 {
		return 0
	}
	n := 0
	for n < len(l.at)-1 && l.at[n] < from {
		n++
	}
	if n > 0 {
		l.at = l.at[:copy(l.at, l.at[n:])]
		l.value = l.value[:copy(l.value, l.value[n:])]
	}
	return l.value[0]
}
