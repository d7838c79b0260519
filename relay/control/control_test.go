package control

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/lesson"
)

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	for _, want := range []*Message{
		{Hello: &Hello{Protocol: Version, Software: "v1"}},
		{Hello: &Hello{Protocol: Version, Software: "v1", Line: "wwan0", Duplicate: true}},
		{Hello: &Hello{Protocol: Version, Software: "v2", Directory: true, Asks: true}},
		{Hear: &Hear{Feeds: []media.FeedID{"room-1", "room-2"}}},
		{Feeds: &Feeds{Feeds: []Feed{{
			ID: "room-1", Path: []string{"school", "hub"}, Online: true, ClockErrorUs: 300,
			Tracks: map[media.Layer]*media.Track{
				media.LayerMain: {
					Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000",
					FMTP: map[string]string{"packetization-mode": "1"},
				},
			},
			Layers: []media.Layer{media.LayerMain, media.LayerSub},
		}}}},
		{Subscribe: &Subscribe{Feed: "room-1", Layer: media.LayerSub, Flow: 64}},
		{Unsubscribe: &Unsubscribe{Flow: 64}},
		{Refused: &Refused{Flow: 64, Why: "no such feed"}},
		{KeyFrame: &KeyFrame{Flow: 64}},
		{Probe: &Probe{Ask: &ProbeAsk{Software: "v1", Force: true}}},
		{Probe: &Probe{Terms: &ProbeTerms{
			MaxRate: 1e6, MaxMs: 1000, DatagramSize: 1313, Above: []Hop{{Node: "a", Parent: "b", RTTUs: 1}},
		}}},
		{Probe: &Probe{Send: &ProbeStep{ID: 1, Rooms: 2, ForMs: 1500}}},
		{Classes: &Classes{Classes: []lesson.Class{{
			ID: "maths", Turn: 3, By: "hub", Main: "a", Floor: "b", Rooms: map[string]media.FeedID{"a": "a/room", "b": "b/room"},
		}, {ID: "arts", Turn: 1, By: "hub", Gone: true}}}},
		{Ask: &lesson.Ask{Class: "maths", Main: "b", Path: []string{"b", "hub"}}},
	} {
		var b bytes.Buffer
		if err := Write(&b, want); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("sent %+v, got %+v", want, got)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"a length of zero":         "\x00\x00\x00\x00",
		"a length beyond the most": "\xff\x00\x00\x00",
		"no JSON":                  "\x00\x00\x00\x01x",
		"a feed name that climbs":  frame(`{"feeds":{"feeds":[{"id":"../x","path":["a"]}]}}`),
		"a path of no node":        frame(`{"feeds":{"feeds":[{"id":"x","path":[]}]}}`),
		"a path of seven nodes":    frame(`{"feeds":{"feeds":[{"id":"x","path":["1","2","3","4","5","6","7"]}]}}`),
		"a class of one room":      frame(`{"classes":{"classes":[{"id":"x","main":"a","rooms":{"a":"a/b"}}]}}`),
		"an ask of nobody":         frame(`{"ask":{"class":"x","main":"a","path":[]}}`),
		"a probe without end":      frame(`{"probe":{"send":{"rooms":1}}}`),
		"a probe of many rooms":    frame(`{"probe":{"send":{"rooms":101,"for_ms":1}}}`),
		"a hop without a node":     frame(`{"feeds":{"feeds":[],"above":[{"parent":"x"}]}}`),
		"a line with a slash":      frame(`{"hello":{"protocol":1,"line":"a/b"}}`),
		"a line that ends a line":  frame(`{"hello":{"protocol":1,"line":"a\n"}}`),
		"a line without end":       frame(`{"hello":{"protocol":1,"line":"` + strings.Repeat("x", 33) + `"}}`),
		"an unknown layer":         frame(`{"subscribe":{"feed":"x","layer":"middle","flow":64}}`),
		"sound on a picture layer": frame(`{"feeds":{"feeds":[{"id":"x","path":["a"],"tracks":{"main":` +
			`{"codec":"Opus","pt":98,"clock":48000}}}]}}`),
		"a layer without a track": frame(`{"feeds":{"feeds":[{"id":"x","path":["a"],"tracks":{"main":null}}]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := Read(strings.NewReader(in)); !errors.Is(err, ErrMessage) {
				t.Fatalf("got %+v, %v", m, err)
			}
		})
	}
}

func TestReadReportsTheStreamsOwnError(t *testing.T) {
	if _, err := Read(strings.NewReader("\x00\x00\x00\x05{")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
}

func frame(body string) string {
	n := len(body)
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"feeds":{"feeds":[{"id":"room-1","path":["a"],"tracks":{"main":{"codec":"H264","pt":96,"clock":90000}}}]}}`))
	f.Add([]byte(`{"hello":{"protocol":1,"software":"v1","line":"fe80::1%eth0","duplicate":true}}`))
	f.Add([]byte(`{"probe":{"send":{"id":1,"rooms":6,"for_ms":1500}}}`))
	f.Add([]byte(`{"probe":{"terms":{"max_rate":1,"max_ms":1,"datagram_size":1,"above":[{"node":"a","parent":"b"}]}}}`))
	f.Add([]byte(`{"subscribe":{"feed":"x","layer":"main","flow":64}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Parse(body)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, m); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); err != nil {
			t.Fatalf("what we took from a peer we would not take from ourselves: %v", err)
		}
	})
}
