package fanout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
)

// A main stream is given up on a line that loses it. What it lost of a key frame is not
// repaired: the sub stream needs the line. What it lost later is little, and is.
func TestAKeyFrameThatWasGivenUpIsNotRepaired(t *testing.T) {
	for _, c := range []struct {
		name     string
		into     time.Duration // the group of pictures
		repaired bool
	}{
		{"in the middle of a key frame", 40 * time.Millisecond, false},
		{"in the middle of a group of pictures", time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFar(t, DownlinkConfig{})
			f.open(mainFlow, media.LayerMain)
			f.open(subFlow, media.LayerSub)
			main, sub := newCamera(media.LayerMain), newCamera(media.LayerSub)
			f.run(10*time.Second, both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2)))
			if l, _ := f.d.PictureNow("room"); l != media.LayerMain {
				t.Fatalf("%v is shown", l)
			}
			films := both(f.show(mainFlow, main, 12), f.show(subFlow, sub, 2))
			f.run(c.into-40*time.Millisecond, films)
			n, rows := 0, 0
			f.lose = func(o Out) bool {
				n++
				return o.Flow == mainFlow && n%2 == 0
			}
			f.run(40*time.Millisecond, films)
			f.d.show(f.now, "room", layer.Sub)
			f.lose = func(o Out) bool {
				if o.Flow == mainFlow+RepairOffset {
					rows++
				}
				return false
			}
			f.run(300*time.Millisecond, films)
			if c.repaired != (rows > 0) {
				t.Errorf("%d rows of repair for what was given up", rows)
			}
			if l, _ := f.d.PictureNow("room"); l != media.LayerSub {
				t.Errorf("%v is shown", l)
			}
		})
	}
}
