package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// parse reads YAML that has no secrets.
func parse(s string) (*Config, error) { return Parse("hub.yaml", []byte(s), Source{}) }

func mustParse(t *testing.T, s string) *Config {
	t.Helper()
	c, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParseReadsTheHubOfTheREADME(t *testing.T) {
	c := mustParse(t, `
node: hub
identity: pki/hub
listen: {quic: ":4433", rtsp: ":8554", admin: "127.0.0.1:9090"}
feeds:
  room-101: {main: "rtsp://user:pw@10.1.2.3/s1", sub: "rtsp://user:pw@10.1.2.3/s2", transport: auto}
`)
	want := Feed{Main: "rtsp://user:pw@10.1.2.3/s1", Sub: "rtsp://user:pw@10.1.2.3/s2", Transport: TransportAuto}
	if c.Node != "hub" || c.Identity != "pki/hub" || c.Feeds["room-101"] != want {
		t.Errorf("read %+v", c)
	}
	if want := (Listen{QUIC: ":4433", RTSP: ":8554", Admin: "127.0.0.1:9090"}); !reflect.DeepEqual(c.Listen, want) {
		t.Errorf("listen %+v, want %+v", c.Listen, want)
	}
}

func TestParseReadsBothFormsOfAParent(t *testing.T) {
	c := mustParse(t, `
node: yinshan
identity: pki/yinshan
parents:
  - 10.77.0.1:4433
  - {address: "[2001:db8::1]:4433", node: county, max_rate: 20Mbit/s}
links: {queue_age: 60ms, probe: off}
`)
	if c.Parents[0] != (Parent{Address: "10.77.0.1:4433"}) {
		t.Errorf("first parent %+v", c.Parents[0])
	}
	if c.Parents[1] != (Parent{Address: "[2001:db8::1]:4433", Node: "county", MaxRate: 20e6}) {
		t.Errorf("second parent %+v", c.Parents[1])
	}
	if time.Duration(c.Links.QueueAge) != 60*time.Millisecond {
		t.Errorf("queue_age %s", c.Links.QueueAge)
	}
	if c.Links.Probe != ProbeOff {
		t.Errorf("probe %q", c.Links.Probe)
	}
}

// hub is the part that is right in the cases of TestParseNamesWhatIsWrong.
const hub = "node: hub\nidentity: pki/hub\n"

func TestParseNamesWhatIsWrong(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{
			"an unknown key", hub + "listen: {quick: \":4433\"}\n",
			`hub.yaml:3:10: listen: unknown key "quick" (known here: quic, rtsp, rtp, http, https, webrtc, public, admin)`,
		},
		{
			"an unknown key at the top", hub + "feed: {}\n",
			`hub.yaml:3:1: unknown key "feed" (known here: node, identity,`,
		},
		{
			"an unknown key of a feed", hub + "feeds:\n  a:\n    mian: rtsp://x/y\n",
			`hub.yaml:5:5: feeds.a: unknown key "mian"`,
		},
		{
			"a feed named twice", hub + "feeds:\n  a: {main: \"rtsp://x/1\"}\n  a: {main: \"rtsp://x/2\"}\n",
			`hub.yaml:5:3: mapping key "a" already defined at [4:3]`,
		},
		{"YAML that is none", "node: [\n", `hub.yaml:1:7: `},
		{"an empty file", "# nothing\n", `hub.yaml: the file is empty`},
		{"two nodes in one file", "node: a\n---\nnode: b\n", `a second document begins here`},
		{"a list in place of keys", "- a\n", `hub.yaml:1:1: keys are wanted here: node, `},
		{"a list of feeds", hub + "feeds: [a]\n", `hub.yaml:3:8: feeds: names with what belongs to them`},
		{"keys in place of a list", hub + "parents: {a: b}\n", `hub.yaml:3:10: parents: a list is wanted`},
		{"a list in place of a value", "node: [a]\n", `node: one value is wanted here`},
		{"keys in place of a value", "node: {a: b}\n", `node: one value is wanted here`},
		{"an anchor and its alias", hub + "users: [{name: &n li, password: *n}]\n", `users[0].name: one value is wanted`},
		{
			"a switch that is no switch", hub + "access: {basic: maybe}\n",
			`hub.yaml:3:17: access.basic: "maybe" is not true or false`,
		},
		{
			"a duration without a unit", hub + "playout: {delay: 60}\n",
			`hub.yaml:3:18: playout.delay: "60" is not a duration: write it like 60ms or 2s`,
		},
		{"a rate in bytes", hub + "links: {max_rate: 4MB/s}\n", `links.max_rate: "4MB/s" is not a rate`},
		{"a rate that is not a number", hub + "links: {max_rate: NaNMbit/s}\n", `links.max_rate: "NaNMbit/s" is not between`},
		{"a negative rate", hub + "links: {max_rate: -4Mbit/s}\n", `links.max_rate: "-4Mbit/s" is not between`},
		{"a weight that is none", hub + "county: {capacity: 0}\n", `county.capacity: "0" is not a whole number from 1 to 1000`},
		{"a network that is an address", hub + "access: {watch: [10.0.0.0/8, 10.1.2.3]}\n", `hub.yaml:3:30: access.watch[1]: `},
		{"a network with host bits", hub + "access: {push: [10.1.2.3/8]}\n", `access.push[0]: 10.1.2.3/8 has address bits`},
		{"no node", "identity: pki/hub\n", `node: every node needs a name`},
		{"a node with a space", "node: my hub\n", `hub.yaml:1:7: node: bad node name "my hub"`},
		{"a link without an identity", "node: hub\nlisten: {quic: \":1\"}\n", `identity: a node with links needs one: classrelay ca issue`},
		{"a port that is too high", hub + "listen: {rtsp: \":85540\"}\n", `listen.rtsp: ":85540": "85540" is not a port`},
		{"an address without a port", hub + "listen: {rtsp: 10.0.0.1}\n", `listen.rtsp: "10.0.0.1" is not HOST:PORT`},
		{"a name to listen on", hub + "listen: {rtsp: \"hub.example:8554\"}\n", `listen.rtsp: "hub.example:8554": listen on an address`},
		{"an odd RTP port", hub + "listen: {rtsp: \":8554\", rtp: \":8001\"}\n", `hub.yaml:3:30: listen.rtp: port 8001 is not even`},
		{"RTP without RTSP", hub + "listen: {rtp: \":8000\"}\n", `listen.rtp: it serves RTSP over UDP`},
		{"one port for two", hub + "listen: {rtsp: \":8554\", admin: \":8554\"}\n", `listen.admin: :8554 is listen.rtsp already`},
		{"a parent without a port", hub + "parents: [10.0.0.1]\n", `hub.yaml:3:11: parents[0]: "10.0.0.1" is not HOST:PORT`},
		{"a parent twice", hub + "parents: [\"a:1\", \"a:1\"]\n", `parents[1]: a:1 is a parent already`},
		{
			"a parent twice over one line", hub + "parents: [{address: \"a:1\", via: eth0}, {address: \"a:1\", via: eth0}]\n",
			`parents[1]: a:1 via eth0 is a parent already`,
		},
		{
			"a line that is none", hub + "parents: [{address: \"a:1\", via: \"eth0/1\"}]\n",
			`parents[0].via: "eth0/1" is neither an interface nor an address`,
		},
		{
			"a line beside which there is none", hub + "parents: [{address: \"a:1\", duplicate: true}]\n",
			`parents[0].duplicate: a line that is used beside another one needs via`,
		},
		{"a node that is its own parent", hub + "parents: [{address: \"a:1\", node: hub}]\n", `parents[0].node: a node is not its own`},
		{"a feed with a bad name", hub + "feeds:\n  room 1: {main: \"rtsp://x/y\"}\n", `hub.yaml:4:3: feeds.room 1: bad feed name`},
		{"a feed from nowhere", hub + "feeds:\n  a: {}\n", `hub.yaml:4:3: feeds.a: it has neither main`},
		{"a feed that is only named", hub + "feeds:\n  a:\n", `feeds.a: it has neither main`},
		{
			"a camera that is a web page", hub + "feeds:\n  a: {main: \"http://u:geheim@x/y\"}\n",
			`feeds.a.main: http://u:***@x/y: a camera is rtsp://HOST/PATH`,
		},
		{"a camera without a host", hub + "feeds:\n  a: {main: \"rtsp:///y\"}\n", `feeds.a.main: rtsp:///y: it names no host`},
		{"a password that breaks the URL", hub + "feeds:\n  a: {main: \"rtsp://u:p%zz@x/y\"}\n", `feeds.a.main: it is not a URL: percent-encode`},
		{"a transport we do not have", hub + "feeds:\n  a: {main: \"rtsp://x/y\", transport: sctp}\n", `feeds.a.transport: unknown transport "sctp"`},
		{"a sub stream that is not there", hub + "feeds:\n  a: {main: \"rtsp://x/y\", fixed_layer: sub}\n", `feeds.a.fixed_layer: the feed has no sub stream`},
		{"a push without a listener", hub + "feeds:\n  a: {push: first}\n", `feeds.a.push: nobody can push here`},
		{"a push and a camera", hub + "listen: {rtsp: \":1\"}\nfeeds:\n  a: {push: first, main: \"rtsp://x/y\"}\n", `feeds.a.push: a feed comes from a camera or`},
		{"a push rule we do not have", hub + "listen: {rtsp: \":1\"}\nfeeds:\n  a: {push: both}\n", `feeds.a.push: unknown rule "both"`},
		{"a user without a password", hub + "users: [{name: li}]\n", `users[0]: user li has neither password nor digest`},
		{
			"a user twice", hub + "users: [{name: li, digest: {md5: 0123456789abcdef0123456789abcdef}}, {name: li, digest: {md5: 0123456789abcdef0123456789abcdef}}]\n",
			`users[1].name: user li is named twice`,
		},
		{"a probe that is neither on nor off", hub + "links: {probe: maybe}\n", `links.probe: unknown value "maybe" (on or off)`},
		{"a queue longer than a lesson bears", hub + "links: {queue_age: 2s}\n", `links.queue_age: 2s is not between 0 and 1s`},
		{"a delay of a minute", hub + "playout: {delay: 1m}\n", `playout.delay: 1m0s is not between 0 and 5s`},
		{"a log level we do not have", hub + "log: {level: loud}\n", `log.level: unknown level "loud"`},
		{"a log format we do not have", hub + "log: {format: xml}\n", `log.format: unknown format "xml"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(tt.yaml)
			if err == nil {
				t.Fatalf("no error, want %q", tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error\n%s\nwant\n%s", err, tt.want)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error shows a password: %s", err)
			}
		})
	}
}

func TestParseTellsEverythingAtOnceInOrder(t *testing.T) {
	_, err := parse("node: hub\nlisten: {quick: a}\nfeeds:\n  a: {mian: b, transport: [x]}\nlog: {lvl: info}\n")
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error %v is not an *Error", err)
	}
	var lines []int
	for _, p := range e.Problems {
		lines = append(lines, p.Line)
	}
	if len(lines) != 4 || lines[0] != 2 || lines[1] != 4 || lines[2] != 4 || lines[3] != 5 {
		t.Errorf("problems at lines %v, want 2 4 4 5:\n%s", lines, err)
	}
}

func TestSecretsComeFromTheEnvironmentAndFromFiles(t *testing.T) {
	src := Source{
		Env: func(name string) (string, bool) {
			v, ok := map[string]string{"CAM_PW": "p@ss:w/rd", "CAM_URL": "rtsp://u:pw@x/y"}[name]
			return v, ok
		},
		ReadFile: func(string) ([]byte, error) { return []byte("0123456789abcdef0123456789abcdef\n"), nil },
	}
	c, err := Parse("hub.yaml", []byte(hub+`
feeds:
  a: {main: "rtsp://cam:${CAM_PW}@10.1.2.3/s1"}
  b: {main: "${CAM_URL}"}
users:
  - {name: li, digest: {md5: "${file:/run/secrets/li}"}}
`), src)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Feeds["a"].Main; got != "rtsp://cam:p%40ss%3Aw%2Frd@10.1.2.3/s1" {
		t.Errorf("a.main %q", got)
	}
	if got := c.Feeds["b"].Main; got != "rtsp://u:pw@x/y" {
		t.Errorf("b.main %q", got)
	}
	if got := c.Users[0].Digest.MD5; got != "0123456789abcdef0123456789abcdef" {
		t.Errorf("digest %q", got)
	}

	_, err = parse(hub + "feeds:\n  a: {main: \"rtsp://cam:${NO_SUCH}@x/y\"}\n")
	if want := "hub.yaml:4:13: feeds.a.main: ${NO_SUCH}: the environment has no variable NO_SUCH"; err == nil ||
		err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	_, err = parse(hub + "feeds:\n  a: {main: \"rtsp://cam:${NO\"}\n")
	if err == nil || !strings.Contains(err.Error(), "no closing }") {
		t.Errorf("error %v, want one about the closing brace", err)
	}
}

func TestAHashOfDigitsAloneIsNoNumber(t *testing.T) {
	for _, hash := range []string{"00000000000000000000000000000001", "1234567890123456789012345678e901"} {
		c := mustParse(t, hub+"users: [{name: li, digest: {md5: "+hash+"}}]\n")
		if got := c.Users[0].Digest.MD5; got != hash {
			t.Errorf("%s is read as %s", hash, got)
		}
	}
}

func TestLoadFindsTheIdentityBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hub.yaml")
	if err := os.WriteFile(file, []byte(hub), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, Source{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Identity != "pki/hub" {
		t.Errorf("identity %q, want that of the working directory", c.Identity)
	}
	if err := os.MkdirAll(filepath.Join(dir, "pki", "hub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if c, err = Load(file, Source{}); err != nil || c.Identity != filepath.Join(dir, "pki", "hub") {
		t.Errorf("identity %q, %v; want the one beside the file", c.Identity, err)
	}
	if _, err := Load(filepath.Join(dir, "none.yaml"), Source{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that says the file is not there", err)
	}
}

func TestZeroValueOfEverythingButTheNameWorks(t *testing.T) {
	if err := (&Config{Node: "hub"}).Validate(); err != nil {
		t.Error(err)
	}
	err := (&Config{Node: "hub", Feeds: map[media.FeedID]Feed{"a": {}}}).Validate()
	if err == nil || !strings.HasPrefix(err.Error(), "feeds.a: ") {
		t.Errorf("error %v, want one that begins with the key", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(hub + "listen: {quic: \":4433\"}\nfeeds:\n  a: {main: \"rtsp://u:p@x/y\", sub: \"${X}\"}\n"))
	f.Add([]byte("parents: [\"a:1\", {address: b, max_rate: 20Mbit/s}]\nplayout: {delay: 1ms}\n"))
	f.Add([]byte("a: &x {b: c}\nd: *x\n---\n- e\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f", data, Source{})
		if err != nil {
			return
		}
		if err := c.WithDefaults().Validate(); err != nil {
			t.Errorf("what is in force is refused: %v", err)
		}
		if _, err := c.Effective(); err != nil {
			t.Error(err)
		}
		if !Diff(c, c).None() {
			t.Error("a configuration differs from itself")
		}
	})
}
