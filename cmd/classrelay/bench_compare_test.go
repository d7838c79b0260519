package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/compare"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/internal/freeport"
)

func TestBenchCompareExitStatus(t *testing.T) {
	bad := write(t, "bad.yaml", "title: x\nview: rtsp://{{.BranchAddress}}/x\nhubb: []\n")
	wrong := write(t, "wrong.yaml", "title: x\nview: rtsp://{{.Branch}}/x\n")
	missing := write(t, "missing.yaml",
		"title: x\ninstall: ask the county office\nview: rtsp://{{.BranchAddress}}/x\nhub: [{run: [no-such-program-here]}]\n")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // in the output, or in the complaint
	}{
		{"the list", []string{"--list"}, 0, "mediamtx-rtsp-udp"},
		{"nobody to compare with", nil, 3, "--peer: whom to compare with?"},
		{"an unknown peer", []string{"--peer", "mediamx"}, 3, `no such peer: "mediamx"; shipped are classrelay`},
		{"a bad file", []string{"--peer", bad}, 3, `bad.yaml:3: unknown field "hubb"`},
		{"an unknown placeholder", []string{"--peer", wrong}, 3, "wrong.yaml:2: view: unknown placeholder {{.Branch}}"},
		{"a file that is not there", []string{"--peer", "no.yaml"}, 3, "no such file"},
		{"an unknown scenario", []string{"--peer", missing, "fda"}, 3, `no such scenario: "fda"`},
		{"several lines", []string{"--peer", missing, "four-level-cascade"}, 3, "four-level-cascade has 3 lines"},
		{"no seed", []string{"--peer", missing, "--seeds", "0"}, 3, "--seeds: it is below 1"},
		{"no time", []string{"--peer", missing, "--for", "1ms"}, 3, "--for: it is below a second"},
		{
			"a peer that is not installed",
			[]string{"--peer", missing, "clean"},
			2,
			"peer missing: no-such-program-here is not installed: ask the county office",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := program(t, "", append([]string{"bench", "compare"}, tt.args...)...)
			where := r.out
			if tt.status != 0 {
				where = r.err
			}
			if r.status != tt.status || !strings.Contains(where, tt.want) {
				t.Errorf("exit status %d, want %d; it says\n%s\nwant %q", r.status, tt.status, where, tt.want)
			}
		})
	}
}

func TestBenchCompareWithoutRootSaysSo(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("this is root")
	}
	r := program(t, "", "bench", "compare", "--peer", "direct-rtsp-tcp", "clean")
	if r.status != 2 || !strings.Contains(r.err, "run the program as root") {
		t.Errorf("exit status %d: %s", r.status, r.err)
	}
}

func TestBenchViewWatchesTheTestCamera(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes five seconds")
	}
	at := freeport.Address()
	launch(t, "camera", "--listen", at, "--login", "v:secret")
	reachable(t, at)
	r := program(t, "", "bench", "view", "rtsp://v:secret@"+at+"/main", "--for", "5s", "--json", "-")
	if r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	var got viewReport
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if got.Schema != scenario.Schema || got.Bench != "view" || got.DeadlineMs != 300 || got.Viewer.FramesGood == 0 {
		t.Errorf("%+v", got)
	}
	if strings.Contains(r.out, "secret") {
		t.Error("the password is in the report")
	}
	if !strings.Contains(r.err, "frames ") || !strings.Contains(r.err, " good, ") {
		t.Errorf("on the terminal:\n%s", r.err)
	}
}

func TestBenchViewExitStatus(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no URL":           {nil, 3, "accepts 1 arg"},
		"no time":          {[]string{"rtsp://127.0.0.1:1/main", "--for", "-1s"}, 3, "--for: it is below 0"},
		"a URL of the web": {[]string{"http://127.0.0.1:1/main"}, 3, `"http://127.0.0.1:1/main" is not rtsp://`},
		"nobody there":     {[]string{"rtsp://127.0.0.1:1/main", "--for", "100ms"}, 1, "no good frame came"},
	} {
		t.Run(name, func(t *testing.T) {
			r := program(t, "", append([]string{"bench", "view"}, c.args...)...)
			if r.status != c.status || !strings.Contains(r.err, c.want) || r.out != "" {
				t.Errorf("exit status %d, want %d; it says\n%s%s\nwant %q", r.status, c.status, r.out, r.err, c.want)
			}
		})
	}
}

func TestBenchCompareMeasuresRealProcesses(t *testing.T) {
	if err := netem.CanRoute(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	t.Setenv(asProgram, "1") // for the nodes, which are this program
	r := program(t, "", "bench", "compare", "--peer", "direct-rtsp-tcp", "--once", "--name", "test-cmd",
		"--json", "-", quick(t, "broken_frames == 0"))
	if r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	var got struct {
		Schema int
		Bench  string
		Rows   []struct {
			Peer   string
			Median map[string]*float64
		}
		Runs []compare.Run
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("standard output is not the result alone: %v\n%s", err, r.out)
	}
	if got.Schema != compare.Schema || got.Bench != "compare" || len(got.Rows) != 2 || len(got.Runs) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, run := range got.Runs {
		if run.Viewer.FramesGood == 0 || (run.HubCPU != nil) != (run.Peer == compare.Ours) {
			t.Errorf("%+v", run)
		}
	}
	if !strings.Contains(r.err, "scenario  peer") || !strings.Contains(r.err, "quick seed 1 classrelay") {
		t.Errorf("on the terminal:\n%s", r.err)
	}
}
