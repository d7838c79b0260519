package selftest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	core "github.com/classrelay/classrelay/internal/netem"
)

// packetSize is what a packet counts on the line, headers included.
const packetSize = 1250

// passage is what became of packets sent through a link with a moved clock.
type passage struct {
	link  *core.Link[int]
	start time.Time
	lost  []bool          // by number
	took  []time.Duration // of those that came, in the order of coming
	order []int           // numbers in that order
}

// pass sends n packets at equal distances.
func pass(p core.Profile, seed uint64, n int, every time.Duration) (*passage, error) {
	start := time.Unix(0, 0)
	link, err := core.New[int](p, seed, start)
	if err != nil {
		return nil, err
	}
	r := &passage{link: link, start: start, lost: make([]bool, n)}
	for i := range n {
		r.lost[i] = true
		now := start.Add(time.Duration(i) * every)
		r.take(now, every)
		link.Push(now, packetSize-core.WireOverhead, i)
	}
	for next := link.Next(); !next.IsZero(); next = link.Next() {
		r.take(next, every)
	}
	return r, nil
}

// take takes out, each at its moment, what has come by now.
func (r *passage) take(now time.Time, every time.Duration) {
	for next := r.link.Next(); !next.IsZero() && !next.After(now); next = r.link.Next() {
		if i, ok := r.link.Pop(next); ok {
			r.lost[i] = false
			r.took = append(r.took, next.Sub(r.start)-time.Duration(i)*every)
			r.order = append(r.order, i)
		}
	}
}

// losses is the share lost and the mean number lost in a row.
func (r *passage) losses() (share, burst float64) {
	lost, bursts := 0, 0
	for i, l := range r.lost {
		if l {
			lost++
			if i == 0 || !r.lost[i-1] {
				bursts++
			}
		}
	}
	return float64(lost) / float64(len(r.lost)), float64(lost) / float64(bursts)
}

// Virtual tests the core link with so many packets (a million say something) whose
// fates come from a seed.
func Virtual(packets int, seed uint64) ([]Row, error) {
	var rows []Row
	for _, test := range []func(int, uint64) ([]Row, error){
		randomLoss, burstLoss, rate, jitter, reorder, outage, fates, traces,
	} {
		got, err := test(packets, seed)
		if err != nil {
			return rows, err
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

const (
	virtual = "virtual"
	sigmas  = 4 // see the package
	percent = 100
)

// share judges one whose packets are independent (chain 1) or hang together: then the
// variance of the mean is chain times as large.
func share(name string, value, want, chain float64, n int) Row {
	spread := sigmas * math.Sqrt(want*(1-want)*chain/float64(n))
	return between(virtual, name, "%", value*percent, (want-spread)*percent, (want+spread)*percent)
}

// mean judges a mean of n values that have a standard deviation.
func mean(name, unit string, value, want, deviation float64, n int) Row {
	spread := sigmas * deviation / math.Sqrt(float64(n))
	return between(virtual, name, unit, value, want-spread, want+spread)
}

func randomLoss(n int, seed uint64) ([]Row, error) {
	const loss = 0.03
	r, err := pass(core.Profile{Loss: loss}, seed, n, time.Millisecond)
	if err != nil {
		return nil, err
	}
	got, burst := r.losses()
	// The length of a burst is geometric: mean 1/(1-p), deviation √p/(1-p).
	bursts := int(loss * (1 - loss) * float64(n))
	return []Row{
		share("random loss of 3 %: lost", got, loss, 1, n),
		mean("random loss of 3 %: in a row", "packets", burst, 1/(1-loss), math.Sqrt(loss)/(1-loss), bursts),
	}, nil
}

func burstLoss(n int, seed uint64) ([]Row, error) {
	const loss, length = 0.02, 5.0
	r, err := pass(core.Profile{Loss: loss, Burst: length}, seed, n, time.Millisecond)
	if err != nil {
		return nil, err
	}
	got, burst := r.losses()
	leave := 1 / length
	// The chain remembers with 1 - enter - leave from one packet to the next.
	memory := 1 - leave - loss/(length*(1-loss))
	return []Row{
		share("Gilbert-Elliott, 2 % in bursts of 5: lost", got, loss, (1+memory)/(1-memory), n),
		mean("Gilbert-Elliott, 2 % in bursts of 5: in a row", "packets", burst, length,
			math.Sqrt(1-leave)/leave, int(loss/length*float64(n))),
	}, nil
}

// rate sends twice what a line of 20 Mbit/s with a queue of 50 ms can carry.
func rate(n int, seed uint64) ([]Row, error) {
	const bits, queue = 20_000_000, 50 * time.Millisecond
	one := time.Duration(packetSize * 8 * int(time.Second) / bits) // 500 µs
	r, err := pass(core.Profile{Rate: bits, Queue: queue}, seed, n, one/2)
	if err != nil {
		return nil, err
	}
	got := float64(len(r.took)) * packetSize * 8 / (time.Duration(n) * one / 2).Seconds() / 1e6
	bytes := float64(bits) / 8 * queue.Seconds()
	return []Row{
		within("20 Mbit/s with twice as much to carry", got, bits/1e6),
		between(virtual, "queue of 50 ms: fullest", "kB", float64(r.link.Stats().MaxQueueBytes)/1e3,
			(bytes-packetSize)/1e3, bytes/1e3),
		atMost(virtual, "queue of 50 ms: longest wait", "ms", millis(slices.Max(r.took)), millis(queue)),
	}, nil
}

// within judges a rate that has to be right to 1 %.
func within(name string, got, want float64) Row {
	const off = 0.01
	return between(virtual, name, "Mbit/s", got, want*(1-off), want*(1+off))
}

func jitter(n int, seed uint64) ([]Row, error) {
	const delay, most = 30 * time.Millisecond, 10 * time.Millisecond
	// So far apart that none catches up with the one before it.
	r, err := pass(core.Profile{Delay: delay, Jitter: most}, seed, n, 2*most)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, d := range r.took {
		sum += millis(d - delay)
	}
	longest := millis(slices.Max(r.took) - delay)
	return []Row{
		mean("jitter of 0 to 10 ms: mean", "ms", sum/float64(n), millis(most)/2, millis(most)/math.Sqrt(12), n),
		between(virtual, "jitter of 0 to 10 ms: longest", "ms", longest, 0.99*millis(most), millis(most)),
		atMost(virtual, "jitter: shorter than the delay by", "ms", max(0, millis(delay-slices.Min(r.took))), 0),
	}, nil
}

// reorder counts packets that one sent later has overtaken.
func reorder(n int, seed uint64) ([]Row, error) {
	const held = 0.01
	p := core.Profile{Delay: 10 * time.Millisecond, Reorder: held, ReorderBy: 5 * time.Millisecond}
	r, err := pass(p, seed, n, time.Millisecond)
	if err != nil {
		return nil, err
	}
	late, last := 0, -1
	for _, i := range r.order {
		if i < last {
			late++
		}
		last = max(last, i)
	}
	return []Row{share("1 % held back: out of order", float64(late)/float64(n), held, 1, n)}, nil
}

// outage sends a packet a millisecond while the line is out for half a second.
func outage(_ int, seed uint64) ([]Row, error) {
	const n, lost = 20_000, 500
	p := core.Profile{Outages: []core.Outage{{At: 10 * time.Second, For: lost * time.Millisecond}}}
	r, err := pass(p, seed, n, time.Millisecond)
	if err != nil {
		return nil, err
	}
	return []Row{between(virtual, "500 ms out, a packet a ms: lost", "packets",
		float64(r.link.Stats().LostOutage), lost, lost)}, nil
}

// fates compares what becomes of the packets of two links with the same seed, one of
// which is ten times as fast.
func fates(n int, seed uint64) ([]Row, error) {
	p := core.Profile{Loss: 0.02, Burst: 5}
	first, err := pass(p, seed, n, time.Millisecond)
	if err != nil {
		return nil, err
	}
	again, err := pass(p, seed, n, time.Millisecond/10)
	if err != nil {
		return nil, err
	}
	other, err := pass(p, seed+1, n, time.Millisecond)
	if err != nil {
		return nil, err
	}
	differ := 0.0
	if slices.Equal(first.lost, other.lost) {
		differ = 1
	}
	return []Row{
		atMost(virtual, "the same seed at ten times the speed: other fates", "packets",
			float64(differences(first.lost, again.lost)), 0),
		atMost(virtual, "another seed: the same fates", "runs", differ, 0),
	}, nil
}

func differences(a, b []bool) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// traces keeps a line full that plays a trace, several times over.
func traces(_ int, seed uint64) ([]Row, error) {
	var packets strings.Builder
	for ms := 1; ms <= 10_000; ms += 2 { // 6 Mbit/s, and 18 in the second half
		fmt.Fprintln(&packets, ms)
		if ms > 5000 {
			fmt.Fprintf(&packets, "%d\n%d\n", ms, ms)
		}
	}
	var rows []Row
	for _, t := range []struct {
		name, text string
		want       float64 // Mbit/s
	}{
		{"trace of rates, 12 Mbit/s in the mean", "0 20\n2 10\n4 6\n6 12\n", 12},
		{"trace of packets, 12 Mbit/s in the mean", packets.String(), 12},
	} {
		trace, err := core.ParseTrace([]byte(t.text))
		if err != nil {
			return rows, err
		}
		p := core.Profile{Queue: time.Second}
		trace.On(&p)
		const n, every = 160_000, 500 * time.Microsecond // 80 s, whole rounds of both, of 20 Mbit/s
		r, err := pass(p, seed, n, every)
		if err != nil {
			return rows, err
		}
		in := 0 // came while packets were still sent
		for k, i := range r.order {
			if time.Duration(i)*every+r.took[k] <= n*every {
				in++
			}
		}
		got := float64(in) * packetSize * 8 / (n * every).Seconds() / 1e6
		rows = append(rows, within(t.name, got, t.want))
	}
	return rows, nil
}
