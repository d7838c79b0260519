package playout

import "time"

// Config is how the last hop treats what the network did. The zero value works.
type Config struct {
	// Delay evens out arrival times: a frame leaves this long after the quickest
	// frame so far would have. Default 0: each frame leaves when it is whole.
	Delay time.Duration
	// Spacing is the least time between two frames of a picture that leave, except
	// while a viewer catches up; frames that were taken closer together than one and
	// a half times as far apart leave at two thirds of their distance, so that no
	// delay builds up. Default 0: frames that waited for a repair leave together.
	Spacing time.Duration
	// MaxWait is how long a hole in a picture may hold up the frames behind it,
	// counted from when the hole was seen. Default 1 s: a link goes on repairing a
	// frame for so long, because a late one costs a moment of standstill and a
	// lost one everything up to the next key frame. A whole key frame behind the
	// hole ends the wait sooner.
	MaxWait time.Duration
	// AudioWait is the same for sound. Default 30 ms: the second
	// copy of a lost packet is 20 ms behind the packet that shows the gap.
	AudioWait time.Duration
	// MaxHold is how long a whole frame waits for a viewer that does not take it.
	// Then everything up to the next key frame is left out. Default 500 ms.
	MaxHold time.Duration
	// SwitchAfter is how far behind the layer in use must be before the other
	// layer of the picture takes over. Default 160 ms, four frames: a repair of the
	// last frame in use is waited for apart from this.
	SwitchAfter time.Duration
	// FallbackAfter is how long the layer a viewer prefers must be silent before
	// the viewer subscribes to the other one as well. Default 1 s.
	FallbackAfter time.Duration
}

// withDefaults fills in the zero values.
func (c Config) withDefaults() Config {
	fill := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	c.Delay, c.Spacing = max(c.Delay, 0), max(c.Spacing, 0)
	fill(&c.MaxWait, time.Second)
	fill(&c.AudioWait, 30*time.Millisecond)
	fill(&c.MaxHold, 500*time.Millisecond)
	fill(&c.SwitchAfter, 160*time.Millisecond)
	fill(&c.FallbackAfter, time.Second)
	return c
}
