package camera

import (
	"slices"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

func TestFilmJumpsToAKeyPictureThatWasAskedFor(t *testing.T) {
	clip, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]Source{"the clip": clip, "a synthetic source": &Synthetic{}} {
		var f film
		var keys []int // frames that were key pictures
		start := time.Unix(1_700_000_000, 0)
		for frame := range 200 {
			now := start.Add(time.Duration(frame) * FrameInterval)
			switch frame {
			case 20: // in the middle of a group, twice
				f.ask(now.Add(-10 * time.Millisecond))
				f.ask(now.Add(-9 * time.Millisecond))
			case 22: // too soon after the last one, so it waits until 500 ms are over
				f.ask(now.Add(-10 * time.Millisecond))
			case 60: // the client may miss this one: the next
				f.ask(now.Add(-time.Millisecond))
			case 111: // the key picture that comes anyway is the answer
				f.ask(now.Add(-10 * time.Millisecond))
			}
			if frame == 0 {
				f.ask(now.Add(-time.Second))
			}
			if src.Picture(media.LayerMain, f.next(src, media.LayerMain, now)).Key {
				keys = append(keys, frame)
			}
		}
		if want := []int{0, 20, 33, 61, 111, 161}; !slices.Equal(keys, want) {
			t.Errorf("%s: key pictures at %v, want %v", name, keys, want)
		}
	}
}
