package fanout

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/media"
)

func track() *media.Track {
	return &media.Track{Codec: media.H264, PayloadType: 96, ClockRate: 90000}
}

func popAll(u *Uplink) (out []Received) {
	for {
		r, ok := u.Pop()
		if !ok {
			return out
		}
		out = append(out, r)
	}
}

func report(t *testing.T, ssrc uint32, at time.Time, ts uint32) []byte {
	t.Helper()
	b, err := (&rtcp.SenderReport{SSRC: ssrc, NTPTime: media.NTP(at), RTPTime: ts}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUplinkCountsWhatIsLostAndDropsWhatIsDouble(t *testing.T) {
	u, c := NewUplink(0), newCamera(media.LayerMain)
	u.Open(mainFlow, "room", media.LayerMain, track())
	c.seq = 65530 // crosses the wrap
	packets := c.frame(t, 10, true)
	for i, p := range packets {
		if i == 3 || i == 7 {
			continue
		}
		u.Push(c.now, mainFlow, p.Raw)
		u.Push(c.now, mainFlow, p.Raw)
	}
	u.Push(c.now, mainFlow, packets[7].Raw) // repaired
	if n := len(popAll(u)); n != 9 {
		t.Fatalf("%d packets", n)
	}
	st, _ := u.Flow(c.now, mainFlow)
	if st.Lost != 1 || st.Duplicate != 8 || st.Packets != 9 {
		t.Fatalf("%+v", st)
	}
}

func TestUplinkDatesPacketsInOurClock(t *testing.T) {
	u, c := NewUplink(0), newCamera(media.LayerMain)
	u.Open(mainFlow, "room", media.LayerMain, track())
	u.SetOffset(c.now, 2*time.Hour) // the peer is two hours ahead
	first := c.frame(t, 1, true)[0]
	u.Push(c.now, mainFlow, first.Raw)
	if r := popAll(u); !r[0].Packet.Capture.IsZero() {
		t.Fatal("dated without a sender report")
	}
	u.Push(c.now, mainFlow, report(t, 7, first.Capture.Add(2*time.Hour), first.Timestamp))
	second := c.frame(t, 1, false)[0]
	now := second.Capture.Add(30 * time.Millisecond)
	u.Push(now, mainFlow, second.Raw)
	got := popAll(u)[0].Packet
	if d := got.Capture.Sub(second.Capture).Abs(); d > time.Microsecond {
		t.Fatalf("the capture time is %v off", d)
	}
	if st, _ := u.Flow(now, mainFlow); st.Latency.N != 1 || st.Latency.P50 > 31*time.Millisecond ||
		st.Latency.P50 < 30*time.Millisecond {
		t.Fatalf("%+v", st.Latency)
	}
}

func TestPacketsWaitForTheirTrack(t *testing.T) {
	u, c := NewUplink(0), newCamera(media.LayerMain)
	u.Open(mainFlow, "room", media.LayerMain, nil)
	for _, p := range c.frame(t, 3, true) {
		u.Push(c.now, mainFlow, p.Raw)
	}
	if n := len(popAll(u)); n != 0 {
		t.Fatalf("%d packets of an unknown encoding", n)
	}
	u.SetTrack(mainFlow, track())
	got := popAll(u)
	if len(got) != 3 || !got[0].Packet.Key || got[0].Feed != "room" {
		t.Fatalf("%d packets", len(got))
	}
}

func TestASourceThatBeginsAnewIsNoLoss(t *testing.T) {
	u, c := NewUplink(0), newCamera(media.LayerMain)
	u.Open(mainFlow, "room", media.LayerMain, track())
	u.Push(c.now, mainFlow, c.frame(t, 1, true)[0].Raw)
	again := newCamera(media.LayerMain)
	again.seq = 30000
	p := again.frame(t, 1, true)[0]
	raw := append([]byte(nil), p.Raw...)
	raw[8] ^= 0xff // another SSRC
	u.Push(c.now, mainFlow, raw)
	if st, _ := u.Flow(c.now, mainFlow); st.Lost != 0 || st.Packets != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestStrayDatagramsAreCounted(t *testing.T) {
	u := NewUplink(0)
	u.Push(time.Unix(0, 0), 99, []byte{0x80, 96})
	if u.Stray() != 1 {
		t.Fatal(u.Stray())
	}
}

func FuzzUplink(f *testing.F) {
	f.Add([]byte{0x80, 200, 0, 6}, []byte{0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x65})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		u := NewUplink(0)
		u.Open(mainFlow, "room", media.LayerMain, track())
		u.SetOffset(time.Unix(1000, 0), time.Second)
		now := time.Unix(1000, 0)
		for _, m := range [][]byte{a, b, a, b} {
			u.Push(now, mainFlow, m)
		}
		most := 2 // the second time they are duplicates
		if len(a) >= 12 && len(b) >= 12 {
			apart := media.SeqDiff(binary.BigEndian.Uint16(a[2:]), binary.BigEndian.Uint16(b[2:]))
			if !bytes.Equal(a[8:12], b[8:12]) || apart > 1000 || apart < -1000 {
				most = 4 // each looks like a source that began anew
			}
		}
		n := len(popAll(u))
		if st, _ := u.Flow(now, mainFlow); st.Packets != uint64(n) || n > most || st.Lost > 1<<16 {
			t.Fatalf("%d packets, %+v", n, st)
		}
	})
}
