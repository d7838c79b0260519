package relay

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

// aacEvery is how often a packet of sound comes from an encoder that puts five units
// of AAC at 48 kHz into each, as many do: 5 × 1024 samples.
const aacEvery = 5 * 1024 * time.Second / 48000

// speak writes AAC into a feed until stop is closed.
func speak(f *feed, stop <-chan struct{}) {
	f.SetTrack(media.LayerAudio, &media.Track{
		Codec: media.AAC, PayloadType: 97, ClockRate: 48000, RTPMap: "mpeg4-generic/48000/1",
		FMTP: map[string]string{
			"profile-level-id": "1", "mode": "AAC-hbr", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3",
			"config": "1188",
		},
	})
	tick := time.NewTicker(aacEvery)
	defer tick.Stop()
	for n := uint32(0); ; n++ {
		payload := make([]byte, 800)
		binary.BigEndian.PutUint64(payload, uint64(time.Now().UnixNano()))
		raw, _ := (&rtp.Packet{
			Header: rtp.Header{
				Version: 2, PayloadType: 97, SequenceNumber: uint16(n), Timestamp: n * 5 * 1024, SSRC: 10, Marker: true,
			},
			Payload: payload,
		}).Marshal()
		p, _ := media.Parse(raw, media.LayerAudio, media.AAC, time.Now())
		p.Capture = time.Now()
		f.WritePacket(p)
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// A packet of sound that has waited at the hub for somebody to come would be late by
// all that time, and what follows would overtake it: a viewer who begins with it
// catches up by a hole, just after the beginning.
func TestSoundBeginsFreshOverALink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 20e6, Delay: 15 * time.Millisecond})
		hub := c.start("hub", "10.0.0.1")
		branch := c.start("branch", "10.0.0.2", "10.0.0.1")
		room := startClip(t, hub.Node, "room")
		go speak(room.feed, room.stop) // ended below
		time.Sleep(2 * time.Second)    // the link comes up
		src, err := branch.table.Watch(t.Context(), "room")
		if err != nil {
			t.Fatal(err)
		}
		const tries = 16
		for i := range tries {
			// Until the branch has given the sound up, and to another place between two packets.
			time.Sleep(linger + 2*time.Second + time.Duration(i)*aacEvery/tries)
			wake := make(chan struct{}, 1)
			sub := src.Subscribe(media.LayerAudio, wake)
			begun := time.Now()
			var got []*media.Packet
			for len(got) == 0 || got[0].Arrival.Before(begun) { // that is the last one of the try before
				<-wake
				got = sub.Read(got[:0])
			}
			sub.Close()
			taken := time.Unix(0, int64(binary.BigEndian.Uint64(got[0].Payload())))
			if age := got[0].Arrival.Sub(taken); age > 25*time.Millisecond {
				t.Errorf("try %d begins with sound that is %v old, over a wire of 15 ms", i, age)
			}
		}
		close(room.stop)
		c.close("branch", "hub")
	})
}
