package camera

import "github.com/classrelay/classrelay/media"

// journal knows which picture of the source went out under which frame number. The
// two run side by side except where a client asked for a key picture and the rest of
// a group was left out, so it keeps only the places where a new run begins.
type journal struct {
	runs [media.LayerAudio][]run // main and sub, in the order of numbers
}

// run of frames: number n, n+1, … show index i, i+1, …
type run struct{ number, index uint64 }

// note tells of a frame that goes out. Numbers grow by one.
func (j *journal) note(layer media.Layer, number, index uint64) {
	runs := j.runs[layer]
	if n := len(runs); n > 0 && index-runs[n-1].index == number-runs[n-1].number {
		return
	}
	j.runs[layer] = append(runs, run{number, index})
}

// index of the picture that a number showed; false when it is from before the first.
func (j *journal) index(layer media.Layer, number uint64) (uint64, bool) {
	if !layer.IsVideo() {
		return 0, false
	}
	runs := j.runs[layer]
	for i := len(runs) - 1; i >= 0; i-- {
		if number >= runs[i].number {
			return runs[i].index + number - runs[i].number, true
		}
	}
	return 0, false
}

func (c *Camera) note(layer media.Layer, number, index uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.journal.note(layer, number, index)
}

// Shown tells which picture of its source the camera sent as the frame with this
// number, in a layer that is LayerMain or LayerSub; false for a number it has not used.
func (c *Camera) Shown(layer media.Layer, number uint64) (index uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number > c.number {
		return 0, false
	}
	return c.journal.index(layer, number)
}
