package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/freeport"
)

// asProgram makes the test binary be the program, so that tests can start and kill
// real processes without building it.
const asProgram = "CLASSRELAY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is the program in a process of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	logs *os.File
}

// launch starts the program. It is killed at the end of the test at the latest,
// and what it said is shown if the test has failed.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, exec.CommandContext(t.Context(), os.Args[0], args...), args[0])
}

// start starts a command that is the program; name is what its log is called.
func start(t *testing.T, cmd *exec.Cmd, name string) *process {
	t.Helper()
	logs, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, logs: logs}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = logs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9: the process has no time to say goodbye. Only the first time
// does anything.
func (p *process) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // "signal: killed"
	_ = p.logs.Close()
	if p.t.Failed() {
		p.t.Logf("%s said:\n%s", strings.Join(p.cmd.Args[1:], " "), p.said())
	}
}

// said is what the process has logged so far.
func (p *process) said() string {
	said, _ := os.ReadFile(p.logs.Name())
	return string(said)
}

// patience is how long a test waits for what must come: on a machine with other
// things to do, processes take their time.
const patience = time.Minute

// reachable waits until somebody listens and returns when that was.
func reachable(t *testing.T, address string) time.Time {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
			return time.Now()
		}
	}
	t.Fatalf("nobody listens at %s", address)
	return time.Time{}
}

// classroom is camera, hub, line, branch and viewer. All but the line and the
// viewer are processes.
type classroom struct {
	t      *testing.T
	camera []string // how it is started
	hub    []string
	atHub  string // the hub's RTSP address
	cam    *process
	node   *process
	line   *netem.Relay
	viewer *viewer.Viewer
	lost   chan error // gets something when the viewer's connection has ended
}

func openClassroom(t *testing.T) *classroom {
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
	camera, quic, branch := freeport.Local(port), freeport.Local(port+1), freeport.Local(port+2)
	r := &classroom{t: t, atHub: freeport.Local(port + 3), lost: make(chan error, 1)}
	r.camera = []string{"camera", "--listen", camera}
	r.hub = []string{"serve", "--config", file(t, dir, "hub.yaml", `
node: hub
identity: hub
listen: {quic: "%s", rtsp: "%s", rtp: "off"}
feeds: {room-101: {main: "rtsp://%s/main", sub: "rtsp://%[3]s/sub", transport: tcp}}
`, quic, r.atHub, camera)}
	r.startLine(quic)
	r.cam = launch(t, r.camera...)
	r.node = launch(t, r.hub...)
	launch(t, "serve", "--config", file(t, dir, "branch.yaml", `
node: branch
identity: branch
listen: {rtsp: "%s", rtp: "off"}
parents: ["%s"]
`, branch, r.line.Addr()))
	for _, address := range []string{camera, r.atHub, branch} {
		reachable(t, address)
	}
	r.startViewer("rtsp://" + branch + "/room-101")
	return r
}

func file(t *testing.T, dir, name, format string, values ...any) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, fmt.Appendf(nil, format, values...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *classroom) startLine(target string) {
	var err error
	profile := netem.Profile{Delay: 10 * time.Millisecond, Rate: 100e6}
	r.line, err = netem.New(netem.Config{Listen: "127.0.0.1:0", Target: target, Up: profile, Down: profile},
		zaptest.NewLogger(r.t))
	if err != nil {
		r.t.Fatal(err)
	}
	r.run(func(ctx context.Context) { _ = r.line.Run(ctx) })
}

// startViewer starts a viewer that does not connect again.
func (r *classroom) startViewer(url string) {
	var err error
	if r.viewer, err = viewer.New(viewer.Config{URL: url}, zaptest.NewLogger(r.t)); err != nil {
		r.t.Fatal(err)
	}
	r.run(func(ctx context.Context) { r.lost <- r.viewer.Run(ctx) })
}

// run runs f until the end of the test, which waits for it.
func (r *classroom) run(f func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); f(ctx) }() // ends with the test
	r.t.Cleanup(func() { cancel(); <-ended })
}

// picture waits until the viewer gets a new good frame and returns when that was.
// With the connection lost it never comes.
func (r *classroom) picture() time.Time {
	r.t.Helper()
	before := r.viewer.Report(0).FramesGood
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-r.lost:
			r.t.Fatalf("the viewer was thrown out: %v", err)
		default:
		}
		if s := r.viewer.Snapshot(); s.Whole.FramesGood > before {
			return time.Now().Add(-time.Duration(s.SilentMs * float64(time.Millisecond)))
		}
	}
	r.t.Fatalf("no picture for %s: %+v", patience, r.viewer.Report(0))
	return time.Time{}
}

// reload changes another feed of the hub, twice. The viewer stays: whom picture finds
// thrown out fails the test.
func (r *classroom) reload() {
	r.t.Helper()
	path := r.hub[2]
	before, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	other := strings.Replace(string(before), "feeds: {", "feeds: {other: {main: \"rtsp://127.0.0.1:1/main\"}, ", 1)
	for i, text := range []string{other, string(before)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
		if err := r.node.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			r.t.Fatal(err)
		}
		r.hears("configuration reloaded", i+1)
		r.picture()
	}
}

// hears waits until the hub has said something n times.
func (r *classroom) hears(what string, n int) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Count(r.node.said(), what) == n {
			return
		}
	}
	r.t.Fatalf("the hub did not say %q %d times", what, n)
}

// How soon the picture is back depends on the machine, which has processes to start,
// and is only logged: what a school is promised is held in virtual time, by ingest for
// the camera and by relay for the hub and the line.
func TestPictureComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	r := openClassroom(t)
	r.picture()
	r.reload()
	steps := []struct {
		name string
		cut  func()
		dark time.Duration
		mend func() time.Time
	}{
		{
			"the camera is killed for ten seconds",
			func() { r.cam.kill() },
			10 * time.Second,
			func() time.Time {
				r.cam = launch(t, r.camera...)
				return reachable(t, r.camera[2])
			},
		},
		{
			"the hub is killed and started again",
			func() { r.node.kill() },
			time.Second,
			func() time.Time {
				r.node = launch(t, r.hub...)
				return reachable(t, r.atHub)
			},
		},
		{
			"the line is cut for two seconds",
			func() { r.line.SetDown(true) },
			2 * time.Second,
			func() time.Time {
				r.line.SetDown(false)
				return time.Now()
			},
		},
	}
	for _, step := range steps {
		time.Sleep(3 * time.Second) // the lesson goes on
		step.cut()
		time.Sleep(step.dark)
		mended := step.mend()
		t.Logf("%s: the picture is back after %d ms", step.name, r.picture().Sub(mended).Milliseconds())
	}
}
