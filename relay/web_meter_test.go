package relay

import (
	"errors"
	"testing"
	"time"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
)

var errBroken = errors.New("listen.webrtc: broken")

func TestRatesComeFromCounters(t *testing.T) {
	var m meters
	t0 := time.Unix(1e9, 0)
	if r := m.rate(t0, "a", 5000); r != nil {
		t.Errorf("%v at the first reading", *r)
	}
	if r := m.rate(t0.Add(time.Second), "a", 6000); r == nil || *r != 8000 {
		t.Errorf("1000 bytes in a second are %v", r)
	}
	if r := m.rate(t0.Add(time.Second), "a", 6000); r == nil || *r != 8000 {
		t.Errorf("read twice at one time: %v", r)
	}
	if r := m.rate(t0.Add(3*time.Second), "a", 6000); r == nil || *r != 0 {
		t.Errorf("nothing in two seconds is %v", r)
	}
	if r := m.rate(t0.Add(4*time.Second), "a", 10); r != nil {
		t.Errorf("a counter that went back gives %v", *r)
	}
	if r := m.rate(t0.Add(5*time.Second), "a", 110); r == nil || *r != 800 {
		t.Errorf("after that %v", r)
	}
	m.forget(t0.Add(time.Minute))
	if len(m.rates) != 0 {
		t.Error("what nobody reads is kept")
	}
}

func TestSharesForgetWhatIsTenSecondsOld(t *testing.T) {
	var m meters
	t0 := time.Unix(1e9, 0)
	var part, whole uint64
	at := func(second int) *float64 { return m.share(t0.Add(time.Duration(second)*time.Second), "a", part, whole) }
	if at(0) != nil {
		t.Error("a share at the first reading")
	}
	for s := 1; s <= 60; s++ {
		part, whole = part+10, whole+1000
		at(s)
	}
	if got := at(60); got == nil || *got < 0.0099 || *got > 0.0101 {
		t.Errorf("10 of 1000 each second are %v", got)
	}
	for s := 61; s <= 82; s++ {
		whole += 1000
		at(s)
	}
	if got := at(82); got == nil || *got > 0.0015 {
		t.Errorf("22 s after the last loss it is %v", got)
	}
	part, whole = 0, 0
	if got := at(83); got == nil {
		t.Error("counters that went back lose the past")
	}
	for s := 84; s < 300; s++ {
		at(s)
	}
	if got := at(300); got != nil {
		t.Errorf("of nothing it is %v", *got)
	}
}

func TestSinceWhenAParentIsAway(t *testing.T) {
	var m meters
	t0 := time.Unix(1e9, 0)
	p := config.Parent{Address: "hub.example:4433", Node: "hub"}
	if since := m.away(t0, p, nil); !since.Equal(t0) {
		t.Errorf("at first since %v", since)
	}
	if since := m.away(t0.Add(time.Minute), p, []LinkStatus{{Peer: "city", Parent: "city:1"}}); !since.Equal(t0) {
		t.Errorf("a minute later since %v", since)
	}
	for _, l := range []LinkStatus{{Peer: "hub"}, {Peer: "other", Parent: p.Address}} {
		if since := m.away(t0.Add(2*time.Minute), p, []LinkStatus{l}); !since.IsZero() {
			t.Errorf("with %+v since %v", l, since)
		}
	}
	if since := m.away(t0.Add(3*time.Minute), p, nil); !since.Equal(t0.Add(3 * time.Minute)) {
		t.Errorf("gone again since %v", since)
	}
}

func TestWhyAFeedIsOffline(t *testing.T) {
	camera := func(reason string) []CameraStatus { return []CameraStatus{{State: ingest.State{Reason: reason}}} }
	tests := []struct {
		name string
		f    FeedStatus
		want console.Cause
		why  string
	}{
		{"no way leads there", FeedStatus{Lost: true, Pushed: true}, console.CauseNoRoute, ""},
		{"nobody pushes", FeedStatus{Pushed: true}, console.CauseNoPush, ""},
		{"no connection", FeedStatus{Cameras: camera("pull a: camera unreachable: 10.1.2.3: no route")}, console.CauseUnreachable, "10.1.2.3: no route"},
		{"a wrong password", FeedStatus{Cameras: camera(ingest.ErrPassword.Error())}, console.CauseLogin, ""},
		{"Basic only", FeedStatus{Cameras: camera(ingest.ErrBasicOnly.Error() + ": set basic_auth")}, console.CauseLogin, "set basic_auth"},
		{"silent", FeedStatus{Cameras: camera(ingest.ErrSilent.Error() + ": no packet")}, console.CauseSilent, "no packet"},
		{"the connection ends", FeedStatus{Cameras: camera("pull a: session ended: EOF")}, console.CauseUnknown, "EOF"},
		{"something else", FeedStatus{ID: "a", Cameras: camera("pull a: camera has no such stream: x")}, console.CauseRefused, "camera has no such stream: x"},
		{"no attempt yet", FeedStatus{Cameras: camera("")}, console.CauseUnknown, ""},
		{"another node's", FeedStatus{}, console.CauseUnknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if c, why := causeOf(&tt.f); c != tt.want || why != tt.why {
				t.Errorf("%v, %q", c, why)
			}
		})
	}
}

func TestThePictureThatComesIsTheOneThatCounts(t *testing.T) {
	now := time.Unix(1e9, 0)
	flow := func(l media.Layer, ago time.Duration, p50 time.Duration) fanout.UplinkFlow {
		return fanout.UplinkFlow{Feed: "room", Layer: l, Last: now.Add(-ago), Latency: quantile.Summary{N: 9, P50: p50, P99: 2 * p50}}
	}
	tests := []struct {
		name string
		in   []fanout.UplinkFlow
		want time.Duration // 0: not known
	}{
		{"main", []fanout.UplinkFlow{flow(media.LayerSub, 0, 10), flow(media.LayerMain, 0, 20)}, 20},
		{"main first", []fanout.UplinkFlow{flow(media.LayerMain, 0, 20), flow(media.LayerSub, 0, 10)}, 20},
		{"sub while main rests", []fanout.UplinkFlow{flow(media.LayerSub, 0, 10), flow(media.LayerMain, time.Minute, 20)}, 10},
		{"sound is none", []fanout.UplinkFlow{flow(media.LayerAudio, 0, 10)}, 0},
		{"nothing has come of late", []fanout.UplinkFlow{flow(media.LayerMain, time.Minute, 20)}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			age := agesOf(now, []LinkStatus{{In: tt.in}})["room"]
			if (age != nil) != (tt.want > 0) || age != nil && age.P50 != tt.want {
				t.Errorf("%+v", age)
			}
		})
	}
}

func TestTheSizeOfAPictureIsReadFromItsParameterSet(t *testing.T) {
	var g figures
	tests := []struct {
		name  string
		track media.Track
		want  size
	}{
		{"H.264", media.Track{Codec: media.H264, FMTP: map[string]string{
			"sprop-parameter-sets": "Z2QADKw7ULBLQgAAAwACAAADAD0I,aO48gA==",
		}}, size{352, 288}},
		{"no parameter set", media.Track{Codec: media.H264}, size{}},
		{"nonsense", media.Track{Codec: media.H265, FMTP: map[string]string{"sprop-sps": "????"}}, size{}},
		{"a cut one", media.Track{Codec: media.H264, FMTP: map[string]string{"sprop-parameter-sets": "Z2Q="}}, size{}},
		{"sound", media.Track{Codec: media.AAC, FMTP: map[string]string{"sprop-sps": "Z2Q="}}, size{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second one is remembered
				if got := g.sizeOf(&tt.track); got != tt.want {
					t.Errorf("%+v, want %+v", got, tt.want)
				}
			}
		})
	}
}
