package ingest

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"

	"github.com/classrelay/classrelay/media"
)

const (
	sdpHead = "v=0\r\no=- 1 1 IN IP4 192.168.1.64\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
	sdpH264 = "m=video 0 RTP/AVP 96\r\na=control:trackID=1\r\na=rtpmap:96 H264/90000\r\n"
	sdpPCMA = "m=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\na=rtpmap:8 PCMA/8000\r\n"
)

// readSDP is the way of a description from the wire to the choice.
func readSDP(body string, l media.Layer, sound bool) (chosen []choice, aside []string, err error) {
	b, aside := mendSDP([]byte(body))
	var s sdp.SessionDescription
	if err = s.Unmarshal(b); err != nil {
		return nil, aside, err
	}
	var d description.Session
	if err = d.Unmarshal(&s); err != nil {
		return nil, aside, err
	}
	chosen, more, err := chooseTracks(&d, l, sound)
	return chosen, append(aside, more...), err
}

func layersOf(chosen []choice) string {
	var names []string
	for _, c := range chosen {
		names = append(names, c.layer.String()+" "+string(c.codec))
	}
	return strings.Join(names, ", ")
}

func TestTracksAreChosenFromTheDescription(t *testing.T) {
	sets := base64.StdEncoding.EncodeToString(h264SPS(20)) + "," + base64.StdEncoding.EncodeToString(h264PPS(0))
	for _, ca := range []struct {
		name, body  string
		layer       media.Layer
		sound       bool
		want, aside string // aside: words that must be said
	}{
		{"picture and sound", sdpHead + sdpH264 + sdpPCMA, media.LayerMain, true, "main H264, audio G711", ""},
		{"a sub stream brings no sound", sdpHead + sdpH264 + sdpPCMA, media.LayerSub, false, "sub H264", ""},
		{"unless told so", sdpHead + sdpH264 + sdpPCMA, media.LayerSub, true, "sub H264, audio G711", ""},
		{"sound only", sdpHead + sdpPCMA, media.LayerMain, true, "audio G711", ""},
		{
			"a second picture", sdpHead + sdpH264 + sdpH264 + sdpPCMA, media.LayerMain, true,
			"main H264, audio G711", "track 2 (video H264): there is one already",
		},
		{
			"metadata", sdpHead + sdpH264 + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n",
			media.LayerMain, true, "main H264", "unknown codec",
		},
		{
			"a back channel in front", sdpHead + sdpH264 + "m=audio 0 RTP/AVP 0\r\na=sendonly\r\n" + sdpPCMA,
			media.LayerMain, true, "main H264, audio G711", "",
		},
		{
			"two formats in one track", sdpHead +
				"m=video 0 RTP/AVP 26 96\r\na=rtpmap:26 JPEG/90000\r\na=rtpmap:96 H265/90000\r\n",
			media.LayerMain, true, "main H265", "",
		},
		{
			"AAC", sdpHead + sdpH264 + "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n" +
				"a=fmtp:97 mode=AAC-hbr; sizelength=13; indexlength=3; indexdeltalength=3; config=1190\r\n",
			media.LayerMain, true, "main H264, audio AAC", "",
		},
		{
			"AAC whose config is garbage", sdpHead + sdpH264 + "m=audio 0 RTP/AVP 97\r\n" +
				"a=rtpmap:97 mpeg4-generic/48000/2\r\na=fmtp:97 sizelength=13; config=ZZ\r\n",
			media.LayerMain, true, "main H264", "track 2 (m=audio",
		},
		{
			"AAC with fields of 99 bits", sdpHead + sdpH264 + "m=audio 0 RTP/AVP 97\r\n" +
				"a=rtpmap:97 mpeg4-generic/48000/2\r\na=fmtp:97 sizelength=99; indexlength=3; config=1190\r\n",
			media.LayerMain, true, "main H264", "unusable AU-headers",
		},
		{
			"H.264 whose parameter sets are no base64", sdpHead + sdpH264 +
				"a=fmtp:96 packetization-mode=1; sprop-parameter-sets=%%%,%%%\r\n" + sdpPCMA,
			media.LayerMain, true, "main H264, audio G711", "format parameters of track 1",
		},
		{
			"H.265 whose SPS is garbage", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n" +
				"a=fmtp:96 sprop-sps=AAAA\r\n" + sdpPCMA,
			media.LayerMain, true, "main H265, audio G711", "format parameters of track 1",
		},
		{
			"interleaved H.264", sdpHead + sdpH264 + "a=fmtp:96 packetization-mode=2\r\n" + sdpPCMA,
			media.LayerMain, true, "audio G711", "mode 2",
		},
		{
			"the same mid twice", sdpHead + sdpH264 + "a=mid:a\r\n" + sdpPCMA + "a=mid:a\r\n",
			media.LayerMain, true, "main H264, audio G711", "",
		},
		{
			"a group of tracks that are not there", sdpHead + "a=group:FEC 1 2\r\n" + sdpH264,
			media.LayerMain, true, "main H264", "",
		},
		{
			"session lines that nobody can read", "v=0\r\no=bad\r\ns=\r\nt=x\r\n?=1\r\na=control:*\r\n" + sdpH264 +
				"a=fmtp:96 packetization-mode=1; sprop-parameter-sets=" + sets + "\r\n",
			media.LayerMain, true, "main H264", "",
		},
		{
			"line ends of Unix", strings.ReplaceAll("v=0\r\no=bad\r\ns=x\r\nt=0 0\r\n"+sdpH264+sdpPCMA, "\r", ""),
			media.LayerMain, true, "main H264, audio G711", "",
		},
	} {
		t.Run(ca.name, func(t *testing.T) {
			chosen, aside, err := readSDP(ca.body, ca.layer, ca.sound)
			if err != nil {
				t.Fatal(err)
			}
			if got := layersOf(chosen); got != ca.want {
				t.Fatalf("chosen: %s; want %s (set aside: %q)", got, ca.want, aside)
			}
			if said := strings.Join(aside, "; "); !strings.Contains(said, ca.aside) || ca.aside == "" && said != "" {
				t.Fatalf("set aside: %q; want %q", said, ca.aside)
			}
		})
	}
}

func TestNothingUsableIsAnError(t *testing.T) {
	for name, ca := range map[string]struct {
		body  string
		layer media.Layer
	}{
		"only metadata":               {sdpHead + "m=application 0 RTP/AVP 107\r\n", media.LayerMain},
		"a sub stream of sound alone": {sdpHead + sdpPCMA, media.LayerSub},
		"JPEG":                        {sdpHead + "m=video 0 RTP/AVP 26\r\n", media.LayerMain},
	} {
		if _, _, err := readSDP(ca.body, ca.layer, true); !errors.Is(err, ErrNoTrack) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAGoodDescriptionIsNotTouched(t *testing.T) {
	body := sdpHead + sdpH264 + sdpPCMA
	got, aside := mendSDP([]byte(body))
	if string(got) != body || aside != nil {
		t.Fatalf("%q, %q", got, aside)
	}
}

func TestOurTrackSaysWhatWeSend(t *testing.T) {
	f := aac()
	f.SizeLength, f.IndexLength, f.IndexDeltaLength = 6, 2, 2
	got := trackOf(choice{layer: media.LayerAudio, format: f, codec: media.AAC}, nil)
	if got.PayloadType != 98 || got.ClockRate != 48000 || got.RTPMap != "mpeg4-generic/48000/2" ||
		got.FMTP["sizelength"] != "13" || got.FMTP["indexlength"] != "3" || got.FMTP["config"] != "1190" {
		t.Fatalf("%+v", got)
	}
	if f.SizeLength != 6 {
		t.Fatal("the camera's format was changed")
	}
	for l, pt := range map[media.Layer]uint8{media.LayerMain: 96, media.LayerSub: 97} {
		pic := pictures()[1]
		p := paramSets{codec: pic.codec}
		p.learn(pic.params)
		got := trackOf(choice{layer: l, format: pic.format, codec: pic.codec}, &p)
		if got.PayloadType != pt || got.ClockRate != 90000 || got.FMTP["sprop-vps"] == "" {
			t.Fatalf("%+v", got)
		}
	}
}

func FuzzSDP(f *testing.F) {
	f.Add(sdpHead + sdpH264 + sdpPCMA)
	f.Add("v=0\r\no=bad\r\ns=x\r\n" + sdpH264 + "a=fmtp:96 sprop-parameter-sets=Z0,aM4=\r\n")
	f.Add(sdpHead + "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n" +
		"a=fmtp:97 sizelength=13; indexlength=3; indexdeltalength=3; config=1190\r\n")
	f.Add(sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-sps=AAAA\r\na=mid:1\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		chosen, _, err := readSDP(body, media.LayerMain, true)
		if err != nil {
			return
		}
		o := newOrigin(OutputConfig{MaxPacketSize: DefaultMaxPacketSize, Epoch: testEpoch, Seed: 1}, discard{})
		for _, c := range chosen {
			if _, err := newIntake(o, c, nil); err != nil {
				t.Fatalf("%s was chosen and cannot be taken in: %v", c.codec, err)
			}
			if err := trackOf(c, &paramSets{codec: c.codec}).Validate(); err != nil {
				t.Fatalf("%s was chosen: %v", c.codec, err)
			}
		}
	})
}
