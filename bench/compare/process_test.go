//go:build unix

package compare

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/freeport"
)

// here is this machine as it is, as a place.
type here struct{}

func (here) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...)
}

func (here) Do(f func() error) error { return f() }

func testEnd() end { return end{here{}, netip.MustParseAddr("127.0.0.1")} }

// script starts a shell script that ends with the test.
func script(t *testing.T, text string) *process {
	t.Helper()
	p, err := start(testEnd(), "hub", t.TempDir(), []string{"sh", "-c", text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

func TestAProgramThatDiesTellsItsLastWords(t *testing.T) {
	p := script(t, "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; printf 'cannot listen' >&2; exit 3")
	err := p.ready(t.Context(), testEnd(), Program{Says: "ready", Within: time.Minute})
	if !errors.Is(err, ErrDied) {
		t.Fatal(err)
	}
	for _, want := range []string{"hub: sh: it ended by itself (exit status 3): line 2 | ", "line 9 | cannot listen"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "line 1 ") {
		t.Errorf("too many lines: %v", err)
	}
}

func TestAProgramThatEndsSilentlyIsReported(t *testing.T) {
	p := script(t, "true")
	<-p.ended
	if err := p.died(); err.Error() != "hub: sh: it ended by itself (exit status 0) without a word" {
		t.Error(err)
	}
}

func TestReadyWaitsForTheWordAndThePort(t *testing.T) {
	l, err := net.Listen("tcp", freeport.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := script(t, "sleep 0.1; echo now it is online; sleep 60")
	want := Program{Says: "is online", Port: l.Addr().String(), Within: time.Minute}
	if err := p.ready(t.Context(), testEnd(), want); err != nil {
		t.Error(err)
	}
	l.Close()
	want.Within = 50 * time.Millisecond
	if err := p.ready(t.Context(), testEnd(), want); err == nil ||
		!strings.Contains(err.Error(), "hub: sh: not ready after 50ms: now it is online") {
		t.Errorf("a port where nobody listens: %v", err)
	}
}

func TestStopEndsTheChildrenToo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "child")
	p := script(t, "sleep 60 & echo $! > "+file+"; echo begun; wait")
	if err := p.ready(t.Context(), testEnd(), Program{Says: "begun", Within: time.Minute}); err != nil {
		t.Fatal(err)
	}
	p.stop()
	p.stop() // twice does no harm
	pid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	state := func() string { // empty when it is gone, Z when nobody has asked for it yet
		b, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		_, after, _ := strings.Cut(string(b), ") ")
		return after
	}
	for deadline := time.Now().Add(10 * time.Second); state() != "" && state()[0] != 'Z'; {
		if time.Now().After(deadline) {
			t.Fatal("the child is still there: " + state())
		}
		time.Sleep(10 * time.Millisecond)
	}
	var exit *exec.ExitError
	if !errors.As(p.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v", p.err)
	}
}

func TestAProgramThatCannotBeStartedIsNamed(t *testing.T) {
	_, err := start(testEnd(), "branch", t.TempDir(), []string{"no-such-program-here"}, nil)
	if err == nil || !strings.Contains(err.Error(), "branch: no-such-program-here: ") {
		t.Errorf("%v", err)
	}
}

func TestWordsCutWhatIsLong(t *testing.T) {
	var w words
	_, _ = w.Write([]byte("beginning " + strings.Repeat("x", 10*lineLength) + "\nlast"))
	if got := w.last(); len(got) != lineLength+len(" | last") || !strings.HasPrefix(got, "beginning xx") {
		t.Errorf("%d bytes: %.40s", len(got), got)
	}
	if !w.has("x\nlast") {
		t.Error("it has forgotten what was said")
	}
}

func TestCastStartsInOrderAndStopsAgainstIt(t *testing.T) {
	dir := t.TempDir()
	program := func(side string) []Program {
		text := "trap 'echo " + side + " goes >> order; exit' TERM; echo " + side + " >> order; echo up; sleep 60 & wait"
		return []Program{{Run: []string{"sh", "-c", text}, Says: "up", Within: time.Minute}}
	}
	p := &Peer{
		Files:   map[string]string{"conf/hub": "camera {{.Camera}}\n"},
		Prepare: [][]string{{"sh", "-c", "cp conf/hub order"}},
		Hub:     program("hub"), Branch: program("branch"),
	}
	c := newCast(p, Places{Dir: dir, Camera: "rtsp://a/main"}, testEnd(), testEnd(), nil)
	defer c.stop()
	if err := c.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.stop()
	got, err := os.ReadFile(filepath.Join(dir, "order"))
	if err != nil || string(got) != "camera rtsp://a/main\nhub\nbranch\nbranch goes\nhub goes\n" {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-c.died; !errors.Is(err, ErrDied) { // of either: both have ended
		t.Errorf("died: %v", err)
	}
}

func TestCastFailsWithTheCommandThatPrepares(t *testing.T) {
	p := &Peer{Prepare: [][]string{{"sh", "-c", "echo no entropy; exit 1"}}}
	c := newCast(p, Places{Dir: t.TempDir()}, testEnd(), testEnd(), nil)
	defer c.stop()
	err := c.start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "prepare: sh: it ended by itself (exit status 1): no entropy") {
		t.Errorf("%v", err)
	}
}

func TestVersionIsTheNumberInTheOutput(t *testing.T) {
	for out, want := range map[string]string{
		"ffmpeg version 5.1.9-0+deb12u1 Copyright": "5.1.9-0+deb12u1",
		"v1.20.1": "v1.20.1",
		"Built with SRT Library version: 1.5.1\nmore": "1.5.1",
		"classrelay (devel) (go1.26.8, linux/amd64)":  "(devel)",
		"nothing": "unknown",
		"":        "unknown",
	} {
		p := &Peer{Version: []string{"sh", "-c", "echo '" + out + "'; exit 1"}}
		if got := p.version(t.Context(), ""); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
	if got := new(Peer).version(t.Context(), ""); got != "" {
		t.Errorf("a peer without a program: %q", got)
	}
}
