package camera

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/media"
)

// sent is a picture that left a camera.
type sent struct {
	number, index uint64
	at            int64 // ms of the UNIX clock
}

// notebook is an outlet that writes down the pictures of the main stream.
type notebook struct {
	camera *Camera
	sent   []sent
}

func (n *notebook) drop() {}

func (n *notebook) write(layer media.Layer, _ []*rtp.Packet, _ time.Time) {
	if layer != media.LayerMain {
		return
	}
	number := n.camera.Stats().LastFrame
	index, _ := n.camera.Shown(layer, number)
	n.sent = append(n.sent, sent{number, index, time.Now().UnixMilli()})
}

// play runs the camera for so long, from its switching on.
func (n *notebook) play(t *testing.T, length time.Duration) []sent {
	n.sent = nil
	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	run, err := newShow(n.camera, []outlet{n}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := run.play(ctx); err != nil {
		t.Fatal(err)
	}
	return n.sent
}

func TestCameraByTheClockShowsWhenAPictureWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1013 * time.Millisecond) // off the beat
		c, err := New(Config{Listen: ":0", ByClock: true}, zaptest.NewLogger(t))
		if err != nil {
			t.Fatal(err)
		}
		n := &notebook{camera: c}
		time.AfterFunc(5500*time.Millisecond, func() { c.RequestKey(media.LayerMain) })
		played := n.play(t, 9*time.Second)
		if len(played) != 225 {
			t.Fatalf("%d pictures in 9 s", len(played))
		}
		ahead := 0 // pictures whose burnt-in number is not theirs
		for i, p := range played {
			if p.at != int64(p.number)*40 {
				t.Errorf("picture %d left at %d ms", p.number, p.at)
			}
			if i > 0 && p.number != played[i-1].number+1 {
				t.Errorf("picture %d after %d", p.number, played[i-1].number)
			}
			if p.index%200 != p.number%200 {
				ahead++
			}
		}
		// The first key picture and the one asked for come at once, others when the number
		// is whole: 24 pictures from 1.04 s to 2 s, 37 from 6.52 s to 8 s.
		if ahead != 24+37 {
			t.Errorf("%d pictures show another number than theirs", ahead)
		}
		time.Sleep(333 * time.Millisecond) // switched off
		again := n.play(t, time.Second)
		if first := again[0]; first.at != int64(first.number)*40 || first.number < played[224].number+9 {
			t.Errorf("back with picture %d at %d ms, after %d", first.number, first.at, played[224].number)
		}
	})
}
