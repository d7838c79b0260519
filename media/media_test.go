package media

import (
	"errors"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestParseFeedID(t *testing.T) {
	for _, ca := range []struct {
		name string
		in   string
		ok   bool
	}{
		{"a room", "room-101", true},
		{"a school and a room", "yinshan/room_1.a", true},
		{"empty", "", false},
		{"an empty part", "a//b", false},
		{"a leading slash", "/a", false},
		{"dots that climb", "a/../b", false},
		{"a space", "room 1", false},
		{"64 characters", string(make64()), true},
		{"65 characters", string(make64()) + "x", false},
	} {
		t.Run(ca.name, func(t *testing.T) {
			id, err := ParseFeedID(ca.in)
			if ca.ok != (err == nil) {
				t.Fatalf("ParseFeedID(%q) = %v", ca.in, err)
			}
			if ca.ok && string(id) != ca.in {
				t.Fatalf("got %q", id)
			}
			if !ca.ok && !errors.Is(err, ErrFeedID) {
				t.Fatalf("%v is not an ErrFeedID", err)
			}
		})
	}
}

func make64() []byte {
	b := make([]byte, 64)
	for i := range b {
		b[i] = 'r'
	}
	return b
}

func TestLayerNamesRoundTrip(t *testing.T) {
	for l := range Layer(NumLayers) {
		got, err := ParseLayer(l.String())
		if err != nil || got != l {
			t.Fatalf("%v came back as %v, %v", l, got, err)
		}
	}
	if _, err := ParseLayer("middle"); err == nil {
		t.Fatal("an unknown layer was taken")
	}
}

func TestClassify(t *testing.T) {
	for _, ca := range []struct {
		name            string
		codec           Codec
		payload         []byte
		key, disposable bool
	}{
		{"H.264 IDR slice", H264, []byte{0x65, 1}, true, false},
		{"H.264 SPS", H264, []byte{0x67, 1}, true, false},
		{"H.264 P slice", H264, []byte{0x41, 1}, false, false},
		{"H.264 P slice nobody refers to", H264, []byte{0x01, 1}, false, true},
		{"H.264 SEI has nal_ref_idc 0 but is no picture", H264, []byte{0x06, 5}, false, false},
		{"H.264 STAP-A with SPS and PPS", H264, []byte{0x78, 0, 1, 0x67, 0, 1, 0x68}, true, false},
		{"H.264 STAP-A cut short", H264, []byte{0x78, 0, 9, 0x67}, false, false},
		{"H.264 FU-A, start of an IDR", H264, []byte{0x7c, 0x85, 1}, true, false},
		{"H.264 FU-A, middle of an IDR", H264, []byte{0x7c, 0x05, 1}, false, false},
		{"H.264 FU-A of a disposable slice", H264, []byte{0x1c, 0x81, 1}, false, true},
		{"H.264 nothing", H264, nil, false, false},
		{"H.265 IDR", H265, []byte{19 << 1, 1, 0}, true, false},
		{"H.265 CRA", H265, []byte{21 << 1, 1, 0}, true, false},
		{"H.265 VPS", H265, []byte{32 << 1, 1}, true, false},
		{"H.265 TRAIL_R", H265, []byte{1 << 1, 1}, false, false},
		{"H.265 TRAIL_N", H265, []byte{0, 1}, false, true},
		{"H.265 AP with VPS", H265, []byte{48 << 1, 1, 0, 2, 32 << 1, 1}, true, false},
		{"H.265 FU, start of a CRA", H265, []byte{49 << 1, 1, 0x80 | 21}, true, false},
		{"H.265 FU, end of a CRA", H265, []byte{49 << 1, 1, 0x40 | 21}, false, false},
		{"Opus", Opus, []byte{0x65, 1}, false, false},
	} {
		t.Run(ca.name, func(t *testing.T) {
			key, disposable := classify(ca.codec, ca.payload)
			if key != ca.key || disposable != ca.disposable {
				t.Fatalf("key %v, disposable %v; want %v, %v", key, disposable, ca.key, ca.disposable)
			}
		})
	}
}

func TestParseReadsTheHeaderOnce(t *testing.T) {
	raw, err := (&rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: true, PayloadType: 96, SequenceNumber: 65535, Timestamp: 77, SSRC: 5,
		},
		Payload: []byte{0x65, 1, 2},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1, 0)
	p, err := Parse(raw, LayerSub, H264, now)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Marker || p.PayloadType != 96 || p.Seq != 65535 || p.Timestamp != 77 || p.SSRC != 5 ||
		p.Layer != LayerSub || !p.Key || p.Arrival != now || len(p.Payload()) != 3 || p.Size() != 15 {
		t.Fatalf("%+v", p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x7c, 0x85}, uint8(0))
	f.Add([]byte{0xb0, 96, 0, 1}, uint8(1))
	codecs := []Codec{H264, H265, AAC, G711, Opus}
	f.Fuzz(func(t *testing.T, raw []byte, codec uint8) {
		p, err := Parse(raw, LayerMain, codecs[int(codec)%len(codecs)], time.Time{})
		if err != nil {
			return
		}
		if len(p.Payload()) > len(raw)-12 {
			t.Fatalf("payload of %d bytes in a packet of %d", len(p.Payload()), len(raw))
		}
	})
}

func TestUnwrapperCrossesTheWrapBothWays(t *testing.T) {
	var u Unwrapper
	in := []uint16{65534, 65535, 1, 0, 2, 65533, 40000}
	want := []int64{131070, 131071, 131073, 131072, 131074, 131069, 40000 + 65536}
	for i, s := range in {
		if got := u.Unwrap(s); got != want[i] {
			t.Fatalf("step %d: %d, want %d", i, got, want[i])
		}
	}
}

func TestDiffsAcrossTheWrap(t *testing.T) {
	if d := SeqDiff(1, 65535); d != 2 {
		t.Fatal(d)
	}
	if d := TimestampDiff(0xffffffff, 1); d != -2 {
		t.Fatal(d)
	}
}

func TestNTPRoundTrip(t *testing.T) {
	for _, want := range []time.Time{
		time.Unix(1_700_000_000, 123_456_789), time.Unix(0, 0), time.Unix(1_700_000_000, 999_999_999),
		time.Date(2040, 5, 1, 8, 0, 0, 5, time.UTC), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		got := FromNTP(NTP(want))
		if d := got.Sub(want); d < -1 || d > 1 {
			t.Fatalf("%v came back as %v", want, got)
		}
	}
}

func TestTrackValidate(t *testing.T) {
	ok := Track{Codec: H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000"}
	if err := ok.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]Track{
		"codec":        {Codec: "VP8", PayloadType: 96, ClockRate: 90000},
		"payload type": {Codec: H264, PayloadType: 128, ClockRate: 90000},
		"clock":        {Codec: Opus, PayloadType: 96},
	} {
		if bad.Validate() == nil {
			t.Fatalf("a bad %s was taken", name)
		}
	}
	other := ok
	other.FMTP = map[string]string{"packetization-mode": "1"}
	if ok.Equal(&other) || !ok.Equal(&ok) || ok.Equal(nil) || !(*Track)(nil).Equal(nil) {
		t.Fatal("Equal is wrong")
	}
}
