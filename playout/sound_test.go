package playout

import (
	"testing"

	"github.com/classrelay/classrelay/media"
)

func TestSplicerPassesOverGapsInSound(t *testing.T) {
	r := &rig{t: t, s: NewSplicer(Config{}, opus, Start{Seq: 65534, Timestamp: 1000}, media.LayerAudio)}
	var p []*media.Packet
	c := &clip{t: t, layer: media.LayerAudio}
	for i := range 8 {
		q := *c.packet(0, []byte{byte(i)}, false)
		q.Timestamp = uint32(960 * i) // 20 ms at 48 kHz
		q.Capture, q.Arrival = ms(20*float64(i)), ms(20*float64(i))
		p = append(p, &q)
	}
	r.push(0, p[0])
	r.push(20, p[2])
	r.push(25, p[1])
	r.push(80, p[4]) // 3 is lost
	r.push(100, p[5])
	r.push(141, p[6])
	r.push(160, p[7])
	var at, stamps []float64
	for _, g := range r.out {
		at = append(at, float64(g.at.Sub(epoch))/1e6)
		stamps = append(stamps, float64(g.out.Timestamp-1000)/48)
	}
	for i, want := range []float64{0, 25, 25, 110, 110, 141, 160} {
		if at[i] != want {
			t.Errorf("packet %d left at %v, want %v", i, at[i], want)
		}
	}
	for i, want := range []float64{0, 20, 40, 80, 100, 120, 140} {
		if stamps[i] != want {
			t.Errorf("packet %d is stamped %v, want %v", i, stamps[i], want)
		}
	}
}

func TestSplicerLeavesOutSoundFromBeforeTheLiveEdge(t *testing.T) {
	r := &rig{t: t, s: NewSplicer(Config{}, opus, Start{Seq: 65534}, media.LayerAudio)}
	c := &clip{t: t, layer: media.LayerAudio}
	for i := range 60 {
		q := *c.packet(0, []byte{byte(i)}, false)
		q.Timestamp, q.Capture = uint32(960*i), ms(20*float64(i))
		// The first 50 come at once, a second late; then one every 20 ms.
		at := max(1000, 20*float64(i))
		q.Arrival = ms(at)
		r.push(at, &q)
	}
	last := int64(-1)
	for _, g := range r.out {
		if x := int64(g.out.Timestamp); x <= last {
			t.Fatalf("stamp %d after %d", x, last)
		} else {
			last = x
		}
	}
	// The first packet left at 1000 with stamp 0; the last one leaves at 1180.
	if behind := float64(last)/48 - 180; behind > 100 || behind < -20 {
		t.Errorf("the last packet is stamped %v ms off the line", behind)
	}
}

// Five units of AAC in each packet: 107 ms of sound. The first is what the feed kept.
func TestSoundThatHasWaitedIsNotBegunWith(t *testing.T) {
	r := &rig{t: t, s: NewSplicer(Config{}, opus, Start{Seq: 65534}, media.LayerAudio)}
	c := &clip{t: t, layer: media.LayerAudio}
	for i := range 6 {
		q := *c.packet(0, []byte{byte(i)}, false)
		at := 107 * float64(i)
		q.Timestamp, q.Capture, q.Arrival = uint32(5136*i), ms(at), ms(at)
		r.push(max(105, at), &q)
	}
	if len(r.out) != 5 {
		t.Errorf("%d packets came out, want all but the one that has waited", len(r.out))
	}
	for i, g := range r.out {
		if int(g.out.Timestamp) != 5136*i {
			t.Errorf("packet %d is stamped %d, want %d", i, g.out.Timestamp, 5136*i)
		}
	}
}
