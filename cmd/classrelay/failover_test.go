package main

import (
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/freeport"
)

// twoHubs is a county in processes: a camera at the main school, a branch that watches,
// and two hubs between them, to each of which both schools have a link.
type twoHubs struct {
	*classroom
	hubs   map[string]*process
	how    map[string][]string // how each hub is started
	main   *process
	branch *process
}

func openTwoHubs(t *testing.T) *twoHubs {
	t.Helper()
	dir := t.TempDir()
	issue := [][]string{{"ca", "init", "--dir", dir}}
	for _, name := range []string{"hub-a", "hub-b", "main", "branch"} {
		issue = append(issue, []string{"ca", "issue", "--dir", dir, "--name", name, "--host", "127.0.0.1"})
	}
	for _, args := range issue {
		if r := program(t, "", args...); r.status != 0 {
			t.Fatal(r.err)
		}
	}
	port := freeport.Row(4)
	camera, watch := freeport.Local(port), freeport.Local(port+1)
	at := map[string]string{"hub-a": freeport.Local(port + 2), "hub-b": freeport.Local(port + 3)}
	r := &twoHubs{
		classroom: &classroom{t: t, lost: make(chan error, 1)},
		hubs:      make(map[string]*process),
		how:       make(map[string][]string),
	}
	for name, quic := range at {
		r.how[name] = []string{"serve", "--config", file(t, dir, name+".yaml", `
node: %s
identity: %[1]s
listen: {quic: "%s"}
`, name, quic)}
		r.hubs[name] = launch(t, r.how[name]...)
	}
	r.cam = launch(t, "camera", "--listen", camera)
	reachable(t, camera)
	r.main = launch(t, "serve", "--config", file(t, dir, "main.yaml", `
node: main
identity: main
parents: ["%s", "%s"]
feeds: {room-101: {main: "rtsp://%s/main", sub: "rtsp://%[3]s/sub", transport: tcp}}
`, at["hub-a"], at["hub-b"], camera))
	r.branch = launch(t, "serve", "--config", file(t, dir, "branch.yaml", `
node: branch
identity: branch
parents: ["%s", "%s"]
listen: {rtsp: "%s", rtp: "off"}
`, at["hub-a"], at["hub-b"], watch))
	reachable(t, watch)
	for _, p := range []*process{r.main, r.branch} {
		p.says("link up", 2)
	}
	r.startViewer("rtsp://" + watch + "/room-101")
	return r
}

// says waits until a process has said something so many times.
func (p *process) says(what string, times int) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Count(p.said(), what) >= times {
			return
		}
	}
	p.t.Fatalf("nobody said %q %d times", what, times)
}

// How soon the picture is back depends on the machine and is only logged; what a school
// is promised is held in virtual time, by relay.
func TestPictureComesBackByTheOtherHub(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	r := openTwoHubs(t)
	r.picture()
	for i, hub := range []string{"hub-a", "hub-b"} { // by the first by name, then by the other one
		time.Sleep(3 * time.Second) // the lesson goes on
		killed := time.Now()
		r.hubs[hub].kill()
		took := r.picture().Sub(killed)
		for took < 100*time.Millisecond { // that was one from before
			took = r.picture().Sub(killed)
		}
		bySilence := strings.Count(r.branch.said(), "the link brings nothing") > i
		t.Logf("%s is killed: the picture is back after %d ms; noticed by its silence: %v",
			hub, took.Milliseconds(), bySilence)
		r.branch.says("feed comes another way now", i+1)
		r.hubs[hub] = launch(t, r.how[hub]...)
		for _, p := range []*process{r.main, r.branch} {
			p.says("link up", 3+i)
		}
	}
}
