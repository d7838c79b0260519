package relay

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// voices is who hears whom in a class of all schools, and the proof: each packet of sound
// says whose it is.
type voices struct {
	*twins
	mu    sync.Mutex
	heard map[[2]int]int // packets, by who hears and whose they are
	spoke map[int]uint64 // packets, by school
}

// speakAll lets every school speak into its room until the clips stop.
func speakAll(c *twins) *voices {
	v := &voices{twins: c, heard: make(map[[2]int]int), spoke: make(map[int]uint64)}
	for i := 1; i <= schools; i++ {
		name, _, _ := school(i)
		s := c.clips[name]
		s.feed.SetTrack(media.LayerAudio, &media.Track{
			Codec: media.G711, PayloadType: 8, ClockRate: 8000, RTPMap: "PCMA/8000",
		})
		go v.speak(i, s) // ended by end
	}
	return v
}

func (v *voices) speak(i int, s *clip) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint32(0); ; n++ {
		payload := make([]byte, 160)
		payload[0] = byte(i)
		raw, _ := (&rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: uint16(n), Timestamp: n * 160, SSRC: uint32(i)},
			Payload: payload,
		}).Marshal()
		p, _ := media.Parse(raw, media.LayerAudio, media.G711, time.Now())
		s.feed.WritePacket(p)
		v.mu.Lock()
		v.spoke[i]++
		v.mu.Unlock()
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
	}
}

// hear lets a school listen to another until ctx is done, and notes whose sound comes.
func (v *voices) hear(ctx context.Context, who, whom int) {
	name, _, _ := school(who)
	_, _, room := school(whom)
	src, err := v.nodes[name].table.Watch(ctx, room)
	if err != nil {
		return // ctx
	}
	wake := make(chan struct{}, 1)
	sub := src.Subscribe(media.LayerAudio, wake)
	defer sub.Close()
	var batch []*media.Packet
	for {
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
		batch = sub.Read(batch[:0])
		v.mu.Lock()
		for _, p := range batch {
			v.heard[[2]int{who, int(p.Payload()[0])}]++
		}
		v.mu.Unlock()
	}
}

// check looks for a school's own room on any of its links, inwards.
func (v *voices) check() {
	for i := 1; i <= schools; i++ {
		name, _, room := school(i)
		for _, l := range v.nodes[name].Status().Links {
			for _, f := range l.In {
				if f.Feed == room {
					v.t.Errorf("%s gets its own room from %s, layer %v", name, l.Peer, f.Layer)
				}
			}
		}
	}
}

// Who hears whom is a matrix, and it changes while a lesson runs: every few seconds each
// school listens to other ones, all over the links that stay. In between a hub dies and
// returns. Whatever happens, nobody ever gets his own sound.
func TestNobodyHearsHimself(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of class for six nodes")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		v := speakAll(c)
		time.Sleep(time.Second) // the hubs tell of the sound
		rng := rand.New(rand.NewPCG(6, 6))
		for round := range 7 {
			matrix := make(map[[2]int]bool)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for who := 1; who <= schools; who++ {
				for whom := 1; whom <= schools; whom++ {
					if who != whom && rng.IntN(3) > 0 {
						matrix[[2]int{who, whom}] = true
						wg.Go(func() { v.hear(ctx, who, whom) }) // ends with ctx
					}
				}
			}
			v.mu.Lock()
			clear(v.heard)
			v.mu.Unlock()
			switch round {
			case 2:
				time.Sleep(time.Second)
				c.kill("hub-a", hubA)
			case 5:
				c.restart("hub-a", hubA)
			}
			for range 40 {
				time.Sleep(100 * time.Millisecond)
				v.check()
			}
			cancel()
			wg.Wait()
			for who := 1; who <= schools; who++ {
				for whom := 1; whom <= schools; whom++ {
					pair := [2]int{who, whom}
					if n := v.heard[pair]; (n > 0) != matrix[pair] || matrix[pair] && n < 100 {
						t.Errorf("round %d: s%d got %d packets of s%d, wanted %v", round, who, n, whom, matrix[pair])
					}
				}
			}
		}
		// Nor did any of it reach the feed, to be dropped there: what is in it is what was
		// spoken.
		for i := 1; i <= schools; i++ {
			name, _, _ := school(i)
			st := c.clips[name].feed.Stats(media.LayerAudio)
			if st.Again != 0 || st.Packets != v.spoke[i] {
				t.Errorf("%s: %d packets in its own feed, of them %d again; %d were spoken", name, st.Packets, st.Again, v.spoke[i])
			}
		}
		c.end()
	})
}

// A school that asks for its own room all the same, by mistake or on purpose, is refused
// by both hubs; and so it is while its camera is away.
func TestWhoAsksForHisOwnRoomIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		speakAll(c)
		time.Sleep(time.Second)
		ask := func(hub string) string {
			wake := make(chan struct{}, 1)
			sub, err := c.nodes[hub].table.subscribePeer("s1", target{"room-1", media.LayerAudio}, wake)
			if err == nil {
				sub.Close()
				return ""
			}
			return err.Error()
		}
		for _, hub := range []string{"hub-a", "hub-b"} {
			if why := ask(hub); !strings.Contains(why, "it comes from s1 itself") {
				t.Errorf("%s answers %q", hub, why)
			}
		}
		c.clips["s1"].away.Store(true)
		time.Sleep(2 * time.Second)
		for _, hub := range []string{"hub-a", "hub-b"} {
			if why := ask(hub); !strings.Contains(why, "it comes from s1 itself") {
				t.Errorf("with the camera away %s answers %q", hub, why)
			}
		}
		// Gone altogether: nobody knows the room, and s1 finds no way to what it sent.
		tb := c.nodes["s1"].table
		tb.detach(c.clips["s1"].feed, c.clips["s1"])
		for range 50 {
			tb.mu.Lock()
			peer, _, known := tb.routes.Best("room-1")
			tb.mu.Unlock()
			if known {
				t.Fatalf("s1 could get its own room from %q", peer)
			}
			time.Sleep(20 * time.Millisecond)
		}
		c.end()
	})
}
