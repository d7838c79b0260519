package compare

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/config"
)

const good = `title: a relay
install: get it from its page
version: [relay, -v]
tcp: bbr
mute: true
files:
  hub.conf: "listen {{.HubAddress}}"
prepare:
  - [relay, keys, "{{ .Dir }}"]
hub:
  - run: [relay, "{{.Dir}}/hub.conf"]
    ready: {port: "{{.HubAddress}}:8554", says: ready, within: 3s}
branch:
  - run: ["{{.Classrelay}}", serve]
view: rtsp://{{.BranchAddress}}:8554/x
first_picture: 30s
`

func TestParseReadsAPeer(t *testing.T) {
	p, err := Parse("some/where/relay-a.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "relay-a" || p.TCP != "bbr" || !p.Mute || p.FirstPicture != 30*time.Second {
		t.Errorf("%+v", p)
	}
	want := Program{
		Run: []string{"relay", "{{.Dir}}/hub.conf"}, Port: "{{.HubAddress}}:8554", Says: "ready", Within: 3 * time.Second,
	}
	if got := p.Hub[0]; !slices.Equal(got.Run, want.Run) || got.Port != want.Port || got.Says != want.Says || got.Within != want.Within {
		t.Errorf("hub %+v", got)
	}
	if p.Branch[0].Within != usualReady {
		t.Errorf("branch %+v", p.Branch[0])
	}
	if got := p.programs(); !slices.Equal(got, []string{"relay", "relay", "relay"}) { // not our own
		t.Errorf("programs %v", got)
	}
}

func TestParseNamesTheLine(t *testing.T) {
	with := func(old, instead string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the good one", old)
		}
		return strings.Replace(good, old, instead, 1)
	}
	for name, c := range map[string]struct{ file, want string }{
		"an unknown key":              {with("title:", "titel:"), `p.yaml:1: unknown field "titel"`},
		"an unknown key of readiness": {with("says:", "say:"), `p.yaml:12: unknown field "say"`},
		"no YAML":                     {"title: [", "p.yaml:1: "},
		"a wrong kind":                {with("version: [relay, -v]", "version: {a: b}"), "p.yaml:3: "},
		"an unknown placeholder":      {with("{{.Dir}}/hub.conf", "{{.Folder}}/hub.conf"), `p.yaml:11: hub[0].run[1]: unknown placeholder {{.Folder}}: there are {{.Name}} with HubAddress,`},
		"a placeholder without a dot": {with("{{.Classrelay}}", "{{Classrelay}}"), `p.yaml:14: branch[0].run[0]: unknown placeholder {{Classrelay}}`},
		"a placeholder in a file":     {with("listen {{.HubAddress}}", "listen {{.Hub}}"), `p.yaml:7: files.'hub.conf': unknown placeholder {{.Hub}}`},
		"a placeholder in the URL":    {with("rtsp://{{.BranchAddress}}", "rtsp://{{.Branch}}"), `p.yaml:15: view: unknown placeholder {{.Branch}}`},
		"a program without a name":    {with("  - run: [\"{{.Classrelay}}\", serve]", "  - run: []"), `p.yaml:14: branch[0].run: a program and its arguments are wanted`},
		"a time that is none":         {with("within: 3s", "within: soon"), `p.yaml:12: hub[0].ready.within: "soon" is not a time`},
		"a file outside":              {with("hub.conf: ", "../hub.conf: "), `"../hub.conf" is not a name within {{.Dir}}`},
		"nothing to view":             {with("view: rtsp:", "view: http:"), `p.yaml:15: view: an rtsp:// URL is wanted`},
		"no word on how to install":   {with("install: get it from its page\n", ""), `install: say how to install it`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(c.file))
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestShippedPeersCanBeRead(t *testing.T) {
	all, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	names := namesOf(all)
	for _, want := range []string{Ours, "mediamtx-rtsp-tcp", "mediamtx-rtsp-udp", "mediamtx-srt", "ffmpeg-srt"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
	for _, p := range all {
		if p.Title == "" {
			t.Errorf("%s has no title", p.Name)
		}
	}
}

func TestFindPutsClassrelayInFrontAndTakesFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("title: x\nview: rtsp://{{.BranchAddress}}/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Find([]string{"mediamtx-srt", file, "mediamtx-srt", Ours})
	if err != nil || !slices.Equal(namesOf(got), []string{Ours, "mediamtx-srt", "mine"}) {
		t.Errorf("%v, %v", namesOf(got), err)
	}
	if _, err := Find([]string{"mediamx"}); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "shipped are classrelay, ") {
		t.Errorf("an unknown one: %v", err)
	}
	same := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(same, []byte("title: y\nview: rtsp://{{.BranchAddress}}/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Find([]string{file, same}); err == nil || !strings.Contains(err.Error(), "two peers are called mine") {
		t.Errorf("two of one name: %v", err)
	}
	if _, err := Find([]string{"not-there.yaml"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

func TestMissingSaysHowToInstall(t *testing.T) {
	p := &Peer{Name: "x", Install: "get it\n  there\n", Hub: []Program{{Run: []string{"no-such-program-here"}}}}
	err := p.Missing()
	if !errors.Is(err, ErrMissing) || err.Error() != "peer x: no-such-program-here is not installed: get it there" {
		t.Errorf("%v", err)
	}
	p.Hub[0].Run[0] = "{{.Classrelay}}"
	if err := p.Missing(); err != nil {
		t.Errorf("our own program is missing: %v", err)
	}
	p.Needs = []string{"no-such-program-here"}
	if err := p.Missing(); !errors.Is(err, ErrMissing) {
		t.Errorf("what a script needs: %v", err)
	}
}

func TestFillPutsEveryPlaceIn(t *testing.T) {
	p := &Places{
		HubAddress: "1", BranchAddress: "2", Camera: "3", CameraSub: "4", Dir: "5", Classrelay: "6",
	}
	got, err := p.fill("{{.HubAddress}}{{ .BranchAddress }}{{.Camera}}{{.CameraSub}}{{.Dir}}{{.Classrelay}} {x} ${HOME}")
	if err != nil || got != "123456 {x} ${HOME}" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOurNodesHaveGoodConfigurations(t *testing.T) {
	found, err := Find([]string{"ffmpeg-srt"})
	if err != nil {
		t.Fatal(err)
	}
	places := Places{
		HubAddress: "10.77.0.1", BranchAddress: "10.77.0.2", Camera: "rtsp://10.77.0.1:9554/main",
		CameraSub: "rtsp://10.77.0.1:9554/sub", Dir: t.TempDir(),
	}
	for _, p := range found {
		for name, text := range p.Files {
			filled, err := places.fill(text)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Parse(name, []byte(filled), config.Source{})
			if err == nil {
				err = cfg.Validate()
			}
			if err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
	}
}
