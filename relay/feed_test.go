package relay

import (
	"testing"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// A viewer that reads main takes sub in its place; one that has left main for sub, since
// the way to him carries no more, needs sub itself.
func TestAViewerNeedsTheSubStreamItselfWhenHeDoesNotReadMain(t *testing.T) {
	table := newTable("here", zap.NewNop())
	f := table.open("room")
	exact := func(when string, want int) {
		t.Helper()
		if got := f.exact[media.LayerSub]; got != want {
			t.Errorf("%s: %d need sub itself, want %d", when, got, want)
		}
	}
	w, other := &watched{feed: f}, &watched{feed: f}
	wake := make(chan struct{}, 1)
	main, sub := w.Subscribe(media.LayerMain, wake), w.Subscribe(media.LayerSub, wake)
	exact("main is read", 0)
	main.Close()
	sub.Close()
	sub = w.Subscribe(media.LayerSub, wake)
	exact("main is left", 1)
	beside := other.Subscribe(media.LayerSub, wake)
	exact("another viewer takes sub only", 2)
	beside.Close()
	main = w.Subscribe(media.LayerMain, wake)
	exact("main is read again, sub still seen", 1)
	sub.Close()
	sub = w.Subscribe(media.LayerSub, wake)
	exact("main is seen", 0)
	sub.Close()
	main.Close()
	if f.interest != [media.NumLayers]int{} {
		t.Errorf("interest left: %v", f.interest)
	}
}
