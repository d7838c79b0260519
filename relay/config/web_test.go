package config

import (
	"slices"
	"strings"
	"testing"
)

func TestWebKeysThatCannotWorkAreNamed(t *testing.T) {
	tests := []struct{ name, yaml, key, what string }{
		{"http without a port", `listen: {http: "8080"}`, "listen.http", "not HOST:PORT"},
		{"https on a name", `listen: {https: "relay.school:8443"}`, "listen.https", "not on a name"},
		{"https without an identity", `listen: {https: ":8443"}`, "listen.https", "identity is not set"},
		{"webrtc without pages", `listen: {webrtc: ":8189"}`, "listen.webrtc", "neither"},
		{"http where RTSP is", `listen: {rtsp: ":8554", http: ":8554"}`, "listen.http", "is listen.rtsp already"},
		{"https where http is", "identity: pki\nlisten: {http: \":1\", https: \":1\"}", "listen.https", "listen.http already"},
		{"http where admin is", `listen: {admin: ":80", http: ":80"}`, "listen.http", "is listen.admin already"},
		{"webrtc where http is", `listen: {http: ":80", webrtc: ":80"}`, "listen.webrtc", "is listen.http already"},
		{"a public address without pages", `listen: {rtsp: ":8554", public: [203.0.113.9]}`, "listen.public[0]", "no WebRTC"},
		{"a public address without WebRTC", `listen: {http: ":80", webrtc: "off", public: [203.0.113.9]}`, "listen.public[0]", "no WebRTC"},
		{"a public address of one's own", `listen: {http: ":80", public: [203.0.113.9, "::1"]}`, "listen.public[1]", "nobody outside"},
		{"a public name", `listen: {http: ":80", public: [relay.school]}`, "listen.public[0]", "relay.school"},
		{"a snapshot over RTSP", `feeds: {a: {main: "rtsp://h/x", snapshot: "rtsp://h/y"}}`, "feeds.a.snapshot", "http://HOST/PATH"},
		{"a snapshot from nowhere", `feeds: {a: {main: "rtsp://h/x", snapshot: "http:///y"}}`, "feeds.a.snapshot", "no host"},
		{"a snapshot of a push", "listen: {http: \":80\"}\nfeeds: {a: {push: first, snapshot: \"http://h/y\"}}", "feeds.a.push", "for cameras"},
		{"a push where nobody can", `feeds: {a: {push: first}}`, "feeds.a.push", "nobody can push here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse("node: a\n" + tt.yaml)
			if err == nil || !strings.Contains(err.Error(), tt.key+": ") || !strings.Contains(err.Error(), tt.what) {
				t.Errorf("%v; want %s: …%s…", err, tt.key, tt.what)
			}
		})
	}
}

func TestPushesMayComeFromPages(t *testing.T) {
	mustParse(t, "node: a\nlisten: {http: \":8080\"}\nfeeds: {a: {push: first}}")
}

func TestWebRTCIsThereWherePagesAre(t *testing.T) {
	for yaml, want := range map[string]string{
		`listen: {http: ":8080"}`:                  ":8189",
		`listen: {http: ":8080", webrtc: "off"}`:   "off",
		`listen: {http: ":8080", webrtc: ":9000"}`: ":9000",
		`listen: {rtsp: ":8554"}`:                  "",
	} {
		if got := mustParse(t, "node: a\n"+yaml).WithDefaults().Listen.WebRTC; got != want {
			t.Errorf("%s: listen.webrtc is %q, want %q", yaml, got, want)
		}
	}
}

func TestWebServersWaitForARestartAndSnapshotsDoNot(t *testing.T) {
	d := Diff(mustParse(t, "node: a\nfeeds: {a: {main: \"rtsp://x/1\"}}"),
		mustParse(t, "node: a\nidentity: p\nlisten: {http: \":80\", https: \":443\", public: [203.0.113.9]}\n"+
			"feeds: {a: {main: \"rtsp://x/1\", snapshot: \"http://x/2\"}}"))
	if !d.Feeds.None() {
		t.Errorf("the camera is pulled anew for its snapshot: %+v", d.Feeds)
	}
	if !slices.Equal(d.Live, []string{"feeds.*.snapshot"}) {
		t.Errorf("live %v", d.Live)
	}
	if want := []string{"identity", "listen.http", "listen.https", "listen.webrtc", "listen.public"}; !slices.Equal(d.Restart, want) {
		t.Errorf("after a restart %v, want %v", d.Restart, want)
	}
}

func TestASnapshotsPasswordIsASecret(t *testing.T) {
	c, err := Parse("a.yaml", []byte("node: a\nfeeds: {a: {main: \"rtsp://x/1\", snapshot: \"http://u:${P}@x/2\"}}"),
		Source{Env: func(string) (string, bool) { return "ge/heim", true }})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Feeds["a"].Snapshot; got != "http://u:ge%2Fheim@x/2" {
		t.Errorf("snapshot is %s", got)
	}
	out, err := c.Effective()
	if err != nil || strings.Contains(string(out), "heim") || !strings.Contains(string(out), "snapshot: http://u:***@x/2") {
		t.Errorf("%v\n%s", err, out)
	}
}
