package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/media"
)

func TestEffectiveFillsInAndMasks(t *testing.T) {
	c := mustParse(t, hub+`
listen: {rtsp: ":8554"}
parents: ["10.0.0.1:4433"]
feeds:
  a: {main: "rtsp://cam:geheim@10.1.2.3/s1?x=1", sub: "rtsp://10.1.2.3/s2"}
users:
  - {name: li, digest: {md5: 0123456789abcdef0123456789abcdef}}
`)
	out, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"rtp: :8556", "max_rate: 100Mbit/s", "queue_age: 200ms", "transport: auto", "level: info",
		"main: rtsp://cam:***@10.1.2.3/s1?x=1", "sub: rtsp://10.1.2.3/s2", "- watch",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, secret := range []string{"geheim", "0123456789abcdef"} {
		if strings.Contains(string(out), secret) {
			t.Errorf("%q is shown in\n%s", secret, out)
		}
	}
	if c.Feeds["a"].Main != "rtsp://cam:geheim@10.1.2.3/s1?x=1" || c.Users[0].Digest.MD5[0] != '0' {
		t.Error("the configuration itself was masked")
	}
}

// Who prints a configuration, edits it and puts it in place would set every camera's
// password to three stars.
func TestAPrintedConfigurationCannotTakeThePasswordsPlace(t *testing.T) {
	c := mustParse(t, hub+`
feeds:
  a: {main: "rtsp://cam:geheim@10.1.2.3/s1", snapshot: "http://10.1.2.3/snap.cgi?usr=a&pwd=geheim"}
  b: {main: "rtsp://10.1.2.3/user=a_password=geheim_channel=1"}
`)
	out, err := c.Effective()
	if err != nil || strings.Contains(string(out), "geheim") {
		t.Fatalf("%v in\n%s", err, out)
	}
	_, err = parse(string(out))
	for _, key := range []string{"feeds.a.main", "feeds.a.snapshot", "feeds.b.main"} {
		if err == nil || !strings.Contains(err.Error(), key+": it has stars in place of the password") {
			t.Errorf("%s: %v", key, err)
		}
	}
	if _, err := parse(hub + "users: [{name: li, digest: {md5: '***'}}]\n"); err == nil {
		t.Error("stars are taken for a user's password")
	}
}

func TestEffectiveCanBeReadBack(t *testing.T) {
	c := mustParse(t, hub+"listen: {quic: \":1\", rtsp: \":8554\"}\nparents: [\"a:1\"]\n"+
		"feeds:\n  a: {main: \"rtsp://x/y\"}\n  b: {push: last}\naccess: {watch: [10.0.0.0/8]}\nplayout: {delay: 20ms}\n")
	out, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	back, err := parse(string(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if d := Diff(c, back); !d.None() {
		t.Errorf("read back it differs: %+v\n%s", d, out)
	}
}

func TestRTPPorts(t *testing.T) {
	tests := []struct {
		name, rtsp, rtp, wantRTP, wantRTCP string
	}{
		{"the usual port", ":8554", "", ":8556", ":8557"},
		{"an odd port", "10.0.0.1:8555", "", "10.0.0.1:8558", "10.0.0.1:8559"},
		{"ports of one's own", ":8554", ":9000", ":9000", ":9001"},
		{"an IPv6 address", "[::1]:554", "", "[::1]:556", "[::1]:557"},
		{"switched off", ":8554", "off", "", ""},
		{"a port that the system picks", ":0", "", "", ""},
		{"no RTSP", "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rtp, rtcp, ok := Listen{RTSP: tt.rtsp, RTP: tt.rtp}.RTPPorts()
			if rtp != tt.wantRTP || rtcp != tt.wantRTCP || ok != (tt.wantRTP != "") {
				t.Errorf("got %q %q %v, want %q %q", rtp, rtcp, ok, tt.wantRTP, tt.wantRTCP)
			}
		})
	}
}

func TestRateIsReadAndWritten(t *testing.T) {
	for text, want := range map[string]Rate{
		"4Mbit/s": 4e6, "1.5Gbit/s": 15e8, "500kbit/s": 5e5, "64000bit/s": 64e3, "4 Mbit/s": 4e6, "0bit/s": 0,
	} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%q is read as %d, %v; want %d", text, r, err, want)
		}
	}
	for r, want := range map[Rate]string{0: "0bit/s", 999: "999bit/s", 64e3: "64kbit/s", 15e8: "1.5Gbit/s"} {
		if r.String() != want {
			t.Errorf("%d is written %q, want %q", int64(r), r, want)
		}
	}
}

func TestDiff(t *testing.T) {
	const before = hub + `
listen: {quic: ":4433", rtsp: ":8554"}
parents: ["a:1", "b:1"]
feeds:
  one: {main: "rtsp://x/1"}
  two: {main: "rtsp://x/2"}
  three: {main: "rtsp://x/3", transport: auto}
`
	const after = hub + `
listen: {quic: ":4433", rtsp: ":8555", rtp: ":8556"}
parents: [{address: "b:1", max_rate: 20Mbit/s}, "c:1"]
feeds:
  two: {main: "rtsp://x/2", always: true}
  three: {main: "rtsp://x/3"}
  four: {push: first}
access: {watch: [10.0.0.0/8]}
log: {level: debug}
playout: {delay: 20ms}
`
	lines := func(more string) *Config {
		return mustParse(t, hub+"listen: {quic: \":4433\"}\nparents: [{address: \"a:1\", via: eth0}"+more+"]\n")
	}
	two := lines(`, {address: "a:1", via: wwan0}`)
	if d := Diff(lines(""), two); !slices.Equal(d.Parents.Added, []string{"a:1 via wwan0"}) || len(d.Parents.Changed) != 0 {
		t.Errorf("a second line to a parent: %+v", d.Parents)
	}
	if d := Diff(two, lines(`, {address: "a:1", via: wwan0, duplicate: true}`)); !slices.Equal(d.Parents.Changed,
		[]string{"a:1 via wwan0"}) {
		t.Errorf("a line that is used beside the other one from now on: %+v", d.Parents)
	}
	d := Diff(mustParse(t, before), mustParse(t, after))
	feeds := func(ids ...media.FeedID) []media.FeedID { return ids }
	if !slices.Equal(d.Feeds.Added, feeds("four")) || !slices.Equal(d.Feeds.Gone, feeds("one")) ||
		!slices.Equal(d.Feeds.Changed, feeds("two")) {
		t.Errorf("feeds %+v", d.Feeds)
	}
	if !slices.Equal(d.Parents.Added, []string{"c:1"}) || !slices.Equal(d.Parents.Gone, []string{"a:1"}) ||
		!slices.Equal(d.Parents.Changed, []string{"b:1"}) {
		t.Errorf("parents %+v", d.Parents)
	}
	if !slices.Equal(d.Live, []string{"access", "log.level"}) {
		t.Errorf("live %v", d.Live)
	}
	if !slices.Equal(d.Restart, []string{"listen.rtsp", "playout"}) {
		t.Errorf("restart %v", d.Restart)
	}
	if same := Diff(mustParse(t, before), mustParse(t, before)); !same.None() {
		t.Errorf("the same file differs: %+v", same)
	}
}
