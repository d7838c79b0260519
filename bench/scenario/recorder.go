package scenario

import (
	"math"
	"slices"
	"time"

	"github.com/classrelay/classrelay/bench/viewer"
)

// recorder collects a Timeline while a run goes on. It is a core: it is told the
// time.
type recorder struct {
	began time.Time
	step  time.Duration
	limit int // samples

	lost, offered, bytes tally // of the lines
	parity, media        tally // of the nodes
	switches             []Switch
	last                 map[[2]string]time.Time // when the last one of a link that is known was
}

// tally spreads a counter's growth over samples.
type tally struct {
	at    time.Time
	value uint64
	per   []float64
}

func newRecorder(began time.Time, run time.Duration) *recorder {
	step := stepFor(run)
	r := &recorder{began: began, step: step, last: make(map[[2]string]time.Time)}
	r.limit = int((run + firstPicture + time.Second) / step)
	for _, t := range []*tally{&r.lost, &r.offered, &r.bytes, &r.parity, &r.media} {
		t.at, t.per = began, make([]float64, r.limit)
	}
	return r
}

// grow tells what the counter is now. Its growth is spread evenly over the time
// since it was told last, so that a late tick makes no dent in the picture. One that
// has shrunk began anew.
func (t *tally) grow(now, began time.Time, step time.Duration, value uint64) {
	growth := float64(value)
	if value >= t.value {
		growth -= float64(t.value)
	}
	from, to := t.at.Sub(began), now.Sub(began)
	if to > from && growth > 0 {
		for i := int(from / step); i < len(t.per) && time.Duration(i)*step < to; i++ {
			begin, end := max(from, time.Duration(i)*step), min(to, time.Duration(i+1)*step)
			t.per[i] += growth * float64(end-begin) / float64(to-from)
		}
	}
	t.at, t.value = now, value
}

// line tells the counters of the way down: of all lines together, and the bytes of
// the last one.
func (r *recorder) line(now time.Time, lost, offered, bytes uint64) {
	r.lost.grow(now, r.began, r.step, lost)
	r.offered.grow(now, r.began, r.step, offered)
	r.bytes.grow(now, r.began, r.step, bytes)
}

// sent tells what all nodes together have sent down.
func (r *recorder) sent(now time.Time, all sent) {
	r.parity.grow(now, r.began, r.step, all.parity)
	r.media.grow(now, r.began, r.step, all.media)
}

// switched tells of the last decision of a node about a link; told of the same one
// again, it does nothing.
func (r *recorder) switched(at time.Time, from, to, rule, why string) {
	key := [2]string{from, to}
	if at.IsZero() || why == "" || !at.After(r.last[key]) {
		return
	}
	r.last[key] = at
	r.switches = append(r.switches, Switch{AtMs: r.ms(at), From: from, To: to, Rule: rule, Why: why})
}

func (r *recorder) ms(t time.Time) float64 { return millis(t.Sub(r.began)) }

// timeline puts together what was recorded and what the viewer saw, up to now.
func (r *recorder) timeline(now time.Time, tr *viewer.Trace, deadline time.Duration) *Timeline {
	n := min(r.limit, int((now.Sub(r.began)+r.step-1)/r.step))
	tl := &Timeline{
		StepMs: millis(r.step), Lost: ratios(r.lost.per[:n], r.offered.per[:n]),
		Overhead: ratios(r.parity.per[:n], r.media.per[:n]), Rate: make(Column, n),
		Layers: []LayerSpan{}, Stalls: []Stall{}, Switches: append([]Switch{}, r.switches...), CDF: cdf(tr.Latency),
	}
	for i := range tl.Rate {
		tl.Rate[i] = r.bytes.per[i] * 8 / r.step.Seconds()
	}
	tl.frames(r, tr, n, deadline)
	for i, l := range tr.Layers {
		end := now
		if i+1 < len(tr.Layers) {
			end = tr.Layers[i+1].At
		}
		tl.Layers = append(tl.Layers, LayerSpan{FromMs: r.ms(l.At), ForMs: millis(end.Sub(l.At)), Layer: l.Layer.String()})
	}
	for _, s := range tr.Stalls {
		tl.Stalls = append(tl.Stalls, Stall{FromMs: r.ms(s.From), ForMs: millis(s.For), Causes: []Cause{}})
	}
	tl.shorten()
	return tl
}

// frames fills in the first n samples of what came of the frames captured in them.
func (tl *Timeline) frames(r *recorder, tr *viewer.Trace, n int, deadline time.Duration) {
	for _, c := range []*Column{&tl.P50, &tl.P99, &tl.Max, &tl.Late, &tl.Missing} {
		*c = slices.Repeat(Column{math.NaN()}, n)
	}
	per := make([][]time.Duration, n)
	for i, d := range tr.Latency {
		at := tr.Began.Add(time.Duration(i) * tr.Interval).Sub(r.began)
		if k := int(at / r.step); at >= 0 && k < n {
			per[k] = append(per[k], d)
		}
	}
	for i, all := range per {
		if len(all) == 0 {
			continue
		}
		slices.Sort(all) // those that never came are below all others
		missing := 0
		for missing < len(all) && all[missing] == viewer.Never {
			missing++
		}
		good := all[missing:]
		late := len(good) - countWithin(good, deadline)
		tl.Missing[i], tl.Late[i] = float64(missing), float64(late)
		if len(good) > 0 {
			at := func(q int) float64 { return millis(good[max(0, (len(good)*q+99)/100-1)]) }
			tl.P50[i], tl.P99[i], tl.Max[i] = at(50), at(99), at(100)
		}
	}
}

// countWithin is how many of the sorted times are at most limit.
func countWithin(sorted []time.Duration, limit time.Duration) int {
	n, _ := slices.BinarySearchFunc(sorted, limit+1, func(d, limit time.Duration) int { return int(d - limit) })
	return n
}

// ratios is part/whole, and nothing where the whole is.
func ratios(part, whole []float64) Column {
	c := make(Column, len(part))
	for i := range c {
		c[i] = math.NaN()
		if whole[i] > 0 {
			c[i] = min(1, part[i]/whole[i]) // spread apart in time, a part may run ahead
		}
	}
	return c
}

// cdf is the distribution of latencies, of which those that never came are Never: at
// each per cent, and finer towards the end, which is what counts.
func cdf(all []time.Duration) CDF {
	c := CDF{Ms: Column{}, Share: Column{}}
	good := slices.DeleteFunc(slices.Clone(all), func(d time.Duration) bool { return d == viewer.Never })
	slices.Sort(good)
	last := 0
	add := func(rank int) {
		if rank > last && rank <= len(good) {
			last = rank
			c.Ms = append(c.Ms, millis(good[rank-1]))
			c.Share = append(c.Share, float64(rank)/float64(len(all)))
		}
	}
	if len(good) > 0 {
		add(1)
	}
	for perMille := 10; perMille < 990; perMille += 10 {
		add(len(all) * perMille / 1000)
	}
	for tenth := range 100 { // from 99 to 100 % in steps of 0.01 %
		add(int(math.Ceil(float64(len(all)) * (0.99 + float64(tenth)/1e4))))
	}
	add(len(good))
	return c
}
