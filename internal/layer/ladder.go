package layer

import (
	"slices"
)

// step is one rung: one feed gets one better picture.
type step struct {
	feed    int
	picture Picture
	sum     float64 // rate of the level that this step ends on
}

// Ladder is the order in which the pictures of a link are added: sub streams by
// importance, those that are shown first, then main streams by importance; feeds of the
// same importance in the order given. Level n has the first n steps.
type Ladder struct {
	feeds []Feed
	steps []step
	audio float64
	subs  int   // steps that are sub streams
	order []int // the feeds by importance
	first []int // for their poorest pictures: those that are shown before
}

// build makes the ladder of the feeds. The slice is read, not kept.
func (l *Ladder) build(feeds []Feed) {
	l.feeds = append(l.feeds[:0], feeds...)
	l.order = l.order[:0]
	l.steps = l.steps[:0]
	l.audio = 0
	for i := range l.feeds {
		l.feeds[i].pin()
		l.audio += l.feeds[i].Audio
		l.order = append(l.order, i)
	}
	slices.SortStableFunc(l.order, func(a, b int) int {
		return int(l.feeds[b].Importance) - int(l.feeds[a].Importance)
	})
	l.first = l.first[:0]
	for _, shown := range [...]bool{true, false} {
		for _, i := range l.order {
			if l.feeds[i].Shown == shown {
				l.first = append(l.first, i)
			}
		}
	}
	sum := l.audio
	for _, i := range l.first {
		if l.feeds[i].Sub > 0 {
			sum += l.feeds[i].Sub
			l.steps = append(l.steps, step{feed: i, picture: Sub, sum: sum})
		}
	}
	// Of a camera without a sub stream the main stream is the poorest picture: it
	// belongs to what a link begins with.
	for _, i := range l.first {
		if f := &l.feeds[i]; f.Main > 0 && f.Sub == 0 {
			sum += f.Main
			l.steps = append(l.steps, step{feed: i, picture: Main, sum: sum})
		}
	}
	l.subs = len(l.steps)
	for _, i := range l.order {
		if l.feeds[i].Main > 0 && l.feeds[i].Sub > 0 {
			sum += max(0, l.feeds[i].Main-l.feeds[i].Sub)
			l.steps = append(l.steps, step{feed: i, picture: Main, sum: sum})
		}
	}
}

// pin removes the layers that a fixed feed may not have, and rates that are none.
func (f *Feed) pin() {
	for _, r := range []*float64{&f.Audio, &f.Sub, &f.Main} {
		if !(*r > 0) {
			*r = 0
		}
	}
	if f.Fixed && f.FixedAt != Sub {
		f.Sub = 0
	}
	if f.Fixed && f.FixedAt != Main {
		f.Main = 0
	}
}

// top is the highest level.
func (l *Ladder) top() int { return len(l.steps) }

// rate is what a level amounts to.
func (l *Ladder) rate(level int) float64 {
	level = min(level, len(l.steps))
	if level <= 0 {
		return l.audio
	}
	return l.steps[level-1].sum
}

// fits is the highest level up to most whose rate is within a budget; 0 if none.
func (l *Ladder) fits(budget float64, most int) int {
	level := min(most, len(l.steps))
	for level > 0 && l.rate(level) > budget {
		level--
	}
	return level
}

// startsSmall tells whether the first picture is a sub stream.
func (l *Ladder) startsSmall() bool { return len(l.steps) > 0 && l.steps[0].picture == Sub }

// mains is how many main streams a level has.
func (l *Ladder) mains(level int) int { return max(0, level-l.subs) }

// fill writes the picture of every feed at a level.
func (l *Ladder) fill(out []Picture, level int) []Picture {
	out = out[:0]
	for range l.feeds {
		out = append(out, None)
	}
	for _, s := range l.steps[:min(level, len(l.steps))] {
		out[s.feed] = s.picture
	}
	return out
}
