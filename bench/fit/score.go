package fit

import (
	"time"

	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/internal/pacer"
)

// score keeps what one link of ours did in a run.
type score struct {
	slots    [][]slot // by feed and frame number
	sound    [][]bool // by feed and sound frame: it came
	flowed   []change
	verdicts []step
	bytes    int64
	padding  int64
	got      []int64 // bytes that came, second by second
}

// slot is one frame time of a feed.
type slot struct {
	capture instant
	picture layer.Picture
	onTime  bool
}

// change is what flows from a time on.
type change struct {
	at       instant
	pictures []layer.Picture
	mains    int
}

// step is one change of level.
type step struct {
	at    instant
	level int
	down  bool
	rule  layer.Rule
}

func newScore(feeds int) *score {
	return &score{slots: make([][]slot, feeds), sound: make([][]bool, feeds)}
}

func (s *score) slot(feed int, now instant, p layer.Picture) {
	s.slots[feed] = append(s.slots[feed], slot{capture: now, picture: p})
}

func (s *score) spoke(feed, number int) {
	for len(s.sound[feed]) <= number {
		s.sound[feed] = append(s.sound[feed], false)
	}
}

func (s *score) flows(now instant, pictures []layer.Picture) {
	c := change{at: now, pictures: append([]layer.Picture(nil), pictures...)}
	for _, p := range pictures {
		if p == layer.Main {
			c.mains++
		}
	}
	s.flowed = append(s.flowed, c)
}

func (s *score) verdict(now instant, v layer.Verdict) {
	last := -1
	if n := len(s.verdicts); n > 0 {
		last = s.verdicts[n-1].level
	}
	s.verdicts = append(s.verdicts, step{at: now, level: v.Level, down: v.Level < last, rule: v.Rule})
}

func (s *score) sent(_ instant, p *packet) {
	s.bytes += int64(p.size)
	if p.class == pacer.Probe {
		s.padding += int64(p.size)
	}
}

func (s *score) came(now instant, p *packet) {
	second := int(now / time.Second)
	for len(s.got) <= second {
		s.got = append(s.got, 0)
	}
	if p.class != pacer.Probe {
		s.got[second] += int64(p.size)
	}
	if p.sound > 0 && now-p.sent <= deadline {
		s.sound[p.feed][p.sound] = true
	}
}

func (s *score) complete(now instant, feed int, f *frame) {
	if now-f.capture <= deadline && f.slot < len(s.slots[feed]) {
		s.slots[feed][f.slot].onTime = true
	}
}

// Figure names one number of a run.
type Figure int

// The figures of a run.
const (
	MainShare   Figure = iota // % of the feeds' time on the main stream
	OnTime                    // % of frames complete within 300 ms
	Switches                  // changes of level per minute
	WorstMinute               // changes of level in the worst minute
	DownSteps                 // steps down
	Decide                    // ms from the drop to the first step down
	Back                      // s from the return of capacity to all main streams
	BulkShare                 // % of the capacity that bulk flows got
	Jain                      // fairness index of our links' rates
	Overrun                   // s in a row in which more was offered than the link carries
	QueueBack                 // ms from the drop to a queue below 50 ms
	Padding                   // % of our bytes
	SoundGap                  // ms of sound lost in a row
	Stall                     // ms without a frame on time, the longest
	AllMain                   // s from our start to all main streams
	Mains                     // main streams at a time, mean
	numFigures
)

// window bounds what is counted.
type window struct{ from, to instant }

func (w window) length() float64 { return (w.to - w.from).Seconds() }

// mains is the mean number of main streams.
func (s *score) mains(w window) float64 {
	sum := 0.0
	for i, c := range s.flowed {
		end := w.to
		if i+1 < len(s.flowed) {
			end = min(end, s.flowed[i+1].at)
		}
		if begin := max(c.at, w.from); end > begin {
			sum += float64(c.mains) * (end - begin).Seconds()
		}
	}
	return sum / w.length()
}

// onTime is the share of frames that were in time, and the longest time without.
func (s *score) onTime(w window) (share float64, stall time.Duration) {
	good, all := 0, 0
	for _, feed := range s.slots {
		run := time.Duration(0)
		for _, sl := range feed {
			if sl.capture < w.from || sl.capture > w.to-time.Second {
				continue
			}
			all++
			if sl.onTime {
				good++
				run = 0
			} else {
				run += frameEvery
				stall = max(stall, run)
			}
		}
	}
	return float64(good) / float64(max(all, 1)), stall
}

// soundGap is the longest stretch of sound that did not come in time.
func (s *score) soundGap(w window, from instant) (most time.Duration) {
	for _, feed := range s.sound {
		run := time.Duration(0)
		for i, ok := range feed {
			at := from + instant(i)*audioEvery
			if i == 0 || at < w.from || at > w.to-time.Second {
				continue
			}
			if ok {
				run = 0
				continue
			}
			run += audioEvery
			most = max(most, run)
		}
	}
	return most
}

// switches counts the changes of level, and the most of them in 60 s.
func (s *score) switches(w window) (all, down, worst int) {
	for i, v := range s.verdicts {
		if v.at < w.from || v.at > w.to || v.rule == layer.RuleWant {
			continue
		}
		all++
		if v.down {
			down++
		}
		n := 0
		for _, o := range s.verdicts[i:] {
			if o.at <= min(w.to, v.at+time.Minute) {
				n++
			}
		}
		worst = max(worst, n)
	}
	return all, down, worst
}

// firstDown is when the first step down after a time came; below 0: none.
func (s *score) firstDown(after instant) instant {
	for _, v := range s.verdicts {
		if v.at >= after && v.down {
			return v.at
		}
	}
	return -1
}

// allMain is when all feeds flow as main streams after a time; below 0: never.
func (s *score) allMain(after instant) instant {
	for i, c := range s.flowed {
		if c.mains < len(s.slots) {
			continue
		}
		if c.at >= after {
			return c.at
		}
		if i+1 == len(s.flowed) || s.flowed[i+1].at > after {
			return after
		}
	}
	return -1
}

// delivered is the rate that came, padding aside.
func (s *score) delivered(w window) float64 {
	sum := int64(0)
	for i := int(w.from / time.Second); i < min(int(w.to/time.Second), len(s.got)); i++ {
		sum += s.got[i]
	}
	return float64(sum) * 8 / w.length()
}
