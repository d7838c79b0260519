package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay/console"
)

// writer makes the town hall the writer of its county, with pages at an address.
func writer(t *testing.T) (cfg, pages string) {
	t.Helper()
	cfg, _ = townHall(t)
	pages = freeport.Address()
	text, err := os.ReadFile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	with := strings.Replace(string(text), "listen: {", fmt.Sprintf("listen: {http: %q, webrtc: \"off\", ", pages), 1)
	if err := os.WriteFile(cfg, []byte(with), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "promote", "--first", "--state", filepath.Join(filepath.Dir(cfg), "state"))
	return cfg, pages
}

// A new school from nothing, as a person does it. What is planned for it at the hub is
// there before its machine is. Steps at the hub: the code. At the school: join, serve (one
// step with join --serve; the test only gives the node other ports in between).
func TestANewSchoolIsInTheHubsListWithItsCameraAndClass(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	cfg, pages := writer(t)
	camera := freeport.Address()
	launch(t, "camera", "--listen", camera)
	reachable(t, camera)
	file := write(t, "county.yaml", fmt.Sprintf(`
schools:
  s012: {feeds: {s012/room-1: {main: "rtsp://%s/main", transport: tcp, role: teacher}}}
classes:
  maths: {main: s012, rooms: {s012: s012/room-1, s013: s013/room-1}}
`, camera))
	must(t, "county", "apply", "--config", cfg, file)
	hub := launch(t, "serve", "--config", cfg)
	hub.wait("node runs")

	began := time.Now()
	code := must(t, "token", "add", "--config", cfg, "--school", "s012") // step 1, at the hub
	dir := filepath.Join(t.TempDir(), "node")
	join := launch(t, "join", "--dir", dir, strings.TrimSpace(code)) // step 2, at the school
	if err := join.cmd.Wait(); err != nil {
		t.Fatalf("join: %v\n%s", err, join.said())
	}
	config := filepath.Join(dir, "node.yaml")
	move(t, config)
	school := launch(t, "serve", "--config", config) // step 3, at the school

	online(t, pages, "s012/room-1")
	t.Logf("token, join, serve; listed with its camera %s after the first of three steps",
		time.Since(began).Round(time.Millisecond))
	if out := must(t, "class", "list", "--at", "http://"+pages); !said(out, []string{"maths", "s012", "main school"}) {
		t.Errorf("classes:\n%s", out)
	}
	if out := must(t, "county", "get", "--config", config); !strings.Contains(out, "s012/room-1") {
		t.Errorf("at the school is planned:\n%s", out)
	}
	hub.kill() // it starts again without the hub, and goes on with what it has
	school.kill()
	again := launch(t, "serve", "--config", config)
	again.wait("node runs", `"feeds": 1`)
}

func TestJoinServeIsOneStep(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	cfg, address := townHall(t)
	hub := launch(t, "serve", "--config", cfg)
	hub.wait("node runs")
	code := must(t, "token", "add", "--config", cfg, "--school", "s012")
	dir := t.TempDir() // with a configuration, for other tests have the usual ports
	file(t, dir, "node.yaml", "node: s012\nidentity: .\nparents: [%q]\n", address)
	launch(t, "join", "--serve", "--dir", dir, strings.TrimSpace(code))
	hub.wait("link up", `"peer": "s012"`)
}

// online waits until the node whose pages are at an address lists a feed that can be had.
func online(t *testing.T, pages, feed string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := client.Get("http://" + pages + "/api/v1/status")
		if err != nil {
			last = err.Error()
			continue
		}
		var st console.Status
		err = json.NewDecoder(resp.Body).Decode(&st)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range st.Feeds {
			if f.ID == feed && f.Online {
				return
			}
		}
		last = fmt.Sprintf("%+v", st.Feeds)
	}
	t.Fatalf("%s is not listed: %s", feed, last)
}

func TestCountyApplySaysWhatItDoesAndWhatIsWrong(t *testing.T) {
	cfg, _ := writer(t)
	good := write(t, "good.yaml", `schools: {s1: {feeds: {s1/room: {main: "rtsp://admin:secret@10.0.0.1/"}}}}`+"\n")
	if out := must(t, "county", "apply", "-c", cfg, "--dry-run", good); out != "+ school s1\n+ camera s1/room\n" {
		t.Errorf("a dry run: %q", out)
	}
	must(t, "county", "apply", "-c", cfg, good)
	shown := must(t, "county", "get", "-c", cfg)
	if strings.Contains(shown, "secret") || !strings.Contains(shown, "********@10.0.0.1") {
		t.Errorf("shown:\n%s", shown)
	}
	if out := must(t, "county", "apply", "-c", cfg, write(t, "again.yaml", shown)); out != "" {
		t.Errorf("what was shown is applied as %q", out)
	}
	state := filepath.Join(filepath.Dir(cfg), "state")
	if log := must(t, "audit", "list", "--state", state); !strings.Contains(log, "county.apply") || strings.Contains(log, "secret") {
		t.Errorf("audited:\n%s", log)
	}
	site := write(t, "site.yaml", "node: hub\n")
	second, _ := townHall(t)
	must(t, "token", "list", "--config", second) // makes its state, of which it is not the writer
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		words  string
	}{
		{"an unknown key", []string{"apply", "-c", cfg, write(t, "bad.yaml", "schools:\n  s1:\n    cams: {}\n")}, statusFailed, "bad.yaml:3:5: "},
		{"a mask where there is no password", []string{"apply", "-c", cfg, write(t, "mask.yaml", strings.Replace(shown, "s1/room", "s1/new", 1))}, statusFailed, "type it"},
		{"a file that is not there", []string{"apply", "-c", cfg, "none.yaml"}, statusCannot, "none.yaml"},
		{"a machine that is not the writer", []string{"apply", "-c", second, good}, statusFailed, "promote --first"},
		{"a site without a county", []string{"get", "-c", site}, statusCannot, "has no county"},
		{"a school of which nothing is planned", []string{"get", "-c", cfg, "--school", "s9"}, statusFailed, "s9"},
	} {
		r := program(t, "", append([]string{"county"}, tt.args...)...)
		if r.status != tt.status || !strings.Contains(r.err, tt.words) {
			t.Errorf("%s: status %d, want %d; %q, want %q", tt.name, r.status, tt.status, r.err, tt.words)
		}
	}
}
