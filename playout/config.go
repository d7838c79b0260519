package playout

import "time"

// Config is how the last hop treats what the network did. The zero value works.
type Config struct {
	// Delay evens out arrival times: a frame leaves this long after the quickest
	// frame so far would have. Default 0: each frame leaves when it is whole.
	Delay time.Duration
	// MaxWait is how long a hole in a picture may hold up the frames behind it,
	// counted from when the hole was seen. Default 200 ms: the 300 ms promise
	// less the way of the first attempt; later repairs come too late to be
	// seen in time.
	MaxWait time.Duration
	// AudioWait is the same for sound. Default 60 ms: three packets of 20 ms;
	// a longer silence is worse than a lost packet.
	AudioWait time.Duration
	// MaxHold is how long a whole frame waits for a viewer that does not take it.
	// Then everything up to the next key frame is left out. Default 500 ms.
	MaxHold time.Duration
	// SwitchAfter is how far behind the layer in use must be before the other
	// layer of the picture takes over. Default 300 ms: more than MaxWait, so
	// that a repair does not look like a layer that stopped.
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
	c.Delay = max(c.Delay, 0)
	fill(&c.MaxWait, 200*time.Millisecond)
	fill(&c.AudioWait, 60*time.Millisecond)
	fill(&c.MaxHold, 500*time.Millisecond)
	fill(&c.SwitchAfter, 300*time.Millisecond)
	fill(&c.FallbackAfter, time.Second)
	return c
}
