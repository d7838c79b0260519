package config

import (
	"testing"

	"github.com/classrelay/classrelay/media"
)

func TestWhatTheLevelAboveMaySee(t *testing.T) {
	c, err := Parse("hub.yaml", []byte(`
node: hub
identity: pki/hub
county:
  share:
    - "open/class-*"
    - {feeds: "open/*", layer: sub}
    - {feeds: "class/*", layer: main}
`), Source{})
	if err != nil {
		t.Fatal(err)
	}
	share := c.County.Sharing()
	for _, test := range []struct {
		id               media.FeedID
		main, sub, audio bool
	}{
		{id: "open/class-1", main: true, sub: true, audio: true},
		{id: "open/yard", sub: true, audio: true},
		{id: "class/maths", main: true, sub: true, audio: true},
		{id: "s1/room"},
		{id: "open/a/b"},
	} {
		m, s, a := share(test.id, media.LayerMain), share(test.id, media.LayerSub), share(test.id, media.LayerAudio)
		if m != test.main || s != test.sub || a != test.audio {
			t.Errorf("%s: main %t, sub %t, sound %t", test.id, m, s, a)
		}
	}
	if (&County{}).Sharing() != nil {
		t.Error("without a word all is shared")
	}
}
