package camera

import (
	"testing"

	"github.com/classrelay/classrelay/media"
)

func TestJournalKnowsWhatEachNumberShowed(t *testing.T) {
	var j journal
	var shown [300]uint64
	index := uint64(0)
	for number := uint64(7); number < 300; number++ {
		if number == 30 || number == 31 || number == 200 { // somebody asked for a key picture
			index = (index/50 + 1) * 50
		}
		j.note(media.LayerSub, number, index)
		shown[number] = index
		index++
	}
	for number := uint64(7); number < 300; number++ {
		if got, ok := j.index(media.LayerSub, number); !ok || got != shown[number] {
			t.Fatalf("frame %d showed %d, %v; want %d", number, got, ok, shown[number])
		}
	}
	if n := len(j.runs[media.LayerSub]); n != 4 {
		t.Errorf("%d runs are kept, want 4", n)
	}
	for _, c := range []struct {
		layer  media.Layer
		number uint64
	}{{media.LayerSub, 6}, {media.LayerMain, 7}, {media.LayerAudio, 7}} {
		if got, ok := j.index(c.layer, c.number); ok {
			t.Errorf("frame %d of %s showed %d, though it never went out", c.number, c.layer, got)
		}
	}
}
