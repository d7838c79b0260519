package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/internal/freeport"
)

// previously names a program that was built from an earlier version: make skew.
const previously = "CLASSRELAY_PREVIOUS"

// A county is not updated in one night. A node of the previous version and one of this
// give each other a lesson over a line that loses packets, so that asking for key frames
// and repair have to be understood, too.
func TestThePreviousVersionAndThisOneGiveALesson(t *testing.T) {
	earlier := os.Getenv(previously)
	if earlier == "" {
		t.Skip("no earlier version to try: make skew builds one")
	}
	now := func(t *testing.T, args ...string) *process { t.Helper(); return launch(t, args...) }
	before := func(t *testing.T, args ...string) *process {
		t.Helper()
		return start(t, exec.CommandContext(t.Context(), earlier, args...), "previous-"+args[0])
	}
	for _, tt := range []struct {
		name        string
		hub, branch func(t *testing.T, args ...string) *process
		news        string // what this version can say and the previous one need not know
	}{
		{"the previous one at the branch", now, before, "classes: {maths: {main: hub, rooms: {hub: room-101, branch: room-201}}}"},
		{"the previous one at the hub", before, now, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := openSkew(t, tt.news, tt.hub, tt.branch)
			c.picture()
			c.lesson(t)
		})
	}
}

// skew is a lesson of two versions: both nodes have a room, and a viewer of the other's.
type skew struct {
	*classroom
	up     *classroom // the branch's room, at the hub
	hub    *process
	branch *process
}

func openSkew(t *testing.T, news string, hub, branch func(t *testing.T, args ...string) *process) *skew {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"ca", "init", "--dir", dir},
		{"ca", "issue", "--dir", dir, "--name", "hub", "--host", "127.0.0.1"},
		{"ca", "issue", "--dir", dir, "--name", "branch"},
	} {
		if r := program(t, "", args...); r.status != 0 {
			t.Fatal(r.err)
		}
	}
	port := freeport.Row(4)
	camera, quic := freeport.Local(port), freeport.Local(port+1)
	atHub, atBranch := freeport.Local(port+2), freeport.Local(port+3)
	s := &skew{
		classroom: &classroom{t: t, lost: make(chan error, 1)},
		up:        &classroom{t: t, lost: make(chan error, 1)},
	}
	s.loses(quic)
	launch(t, "camera", "--listen", camera)
	reachable(t, camera)
	s.hub = hub(t, "serve", "--config", file(t, dir, "hub.yaml", `
node: hub
identity: hub
listen: {quic: "%s", rtsp: "%s", rtp: "off"}
feeds: {room-101: {main: "rtsp://%s/main", sub: "rtsp://%[3]s/sub", transport: tcp}}
%s
`, quic, atHub, camera, news))
	s.branch = branch(t, "serve", "--config", file(t, dir, "branch.yaml", `
node: branch
identity: branch
listen: {rtsp: "%s", rtp: "off"}
parents: ["%s"]
feeds: {room-201: {main: "rtsp://%s/main", sub: "rtsp://%[3]s/sub", transport: tcp}}
`, atBranch, s.line.Addr(), camera))
	for _, address := range []string{atHub, atBranch} {
		reachable(t, address)
	}
	s.startViewer("rtsp://" + atBranch + "/room-101")
	s.up.startViewer("rtsp://" + atHub + "/room-201")
	return s
}

// loses opens a line that loses one packet in a hundred each way.
func (s *skew) loses(target string) {
	s.t.Helper()
	profile := netem.Profile{Delay: 20 * time.Millisecond, Rate: 100e6, Loss: 0.01}
	line, err := netem.New(netem.Config{Listen: "127.0.0.1:0", Target: target, Up: profile, Down: profile},
		zaptest.NewLogger(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	s.line = line
	s.run(func(ctx context.Context) { _ = line.Run(ctx) })
}

// lessonFrames is eight seconds of a camera with 25 frames a second. How long they take
// depends on the machine.
const lessonFrames = 200

// lesson watches both rooms and checks that their frames are whole.
func (s *skew) lesson(t *testing.T) {
	t.Helper()
	for _, room := range []*classroom{s.classroom, s.up} {
		for range 10 { // it has begun, whatever the machine did meanwhile
			room.picture()
		}
		for deadline := time.Now().Add(patience); room.viewer.Report(0).FramesGood < lessonFrames; {
			if time.Now().After(deadline) {
				t.Fatalf("%d frames have not come in %s: %+v", lessonFrames, patience, room.viewer.Report(0))
			}
			room.picture()
		}
		r := room.viewer.Report(0)
		t.Logf("%d of %d frames, %d broken, %d undecodable, p99 %.1f ms, sound %d of %d", r.FramesGood, r.FramesExpected,
			r.Broken, r.Undecodable, r.Latency.P99, r.AudioGood, r.AudioExpected)
		// A frame that the line lost and repair did not bring in time is not shown; a
		// damaged one may never be.
		if r.Broken > 0 {
			t.Errorf("%d frames came damaged", r.Broken)
		}
	}
	for _, p := range []*process{s.hub, s.branch} {
		p.says("link up", 1)
		if said := p.said(); strings.Contains(said, "bad control message") || strings.Contains(said, "link down") {
			t.Errorf("the link did not hold:\n%s", said)
		}
	}
}
