//go:build unix

package console

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

// The place that this test's second process finds in its environment.
const fullDisk = "CLASSRELAY_TEST_FULL_DISK"

// A node's disk may be full or read-only: previews and logins are in memory. A process
// of its own is told by the system that every write to a file fails (RLIMIT_FSIZE), has
// no folder for temporary files, and a working folder that is gone.
func TestPreviewsAndLoginsNeedNoDisk(t *testing.T) {
	if place := os.Getenv(fullDisk); place != "" {
		withoutDisk(t, place)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	child.Dir = gone
	child.Env = append(os.Environ(), fullDisk+"="+filepath.Dir(gone), "TMPDIR=/nonexistent")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func withoutDisk(t *testing.T, place string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(here); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // a write that is too long is an error then, not the end
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, "x"), []byte("x"), 0o600); !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("this disk is not full: %v", err)
	}
	d := newDesk(t, access.Config{}, who("li"))
	d.cfg.KeyFrame = func(media.FeedID) (string, []byte, error) { return "video/mp4", []byte("ftyp"), nil }
	d.camera(newStill(t, nil).at(""), false)
	token := d.token("li")
	for _, path := range []string{snapshotPath, "/api/v1/keyframe/room-101", "/api/v1/status", "/api/v1/log", "/"} {
		wants(t, d.ask(abroad, http.MethodGet, path, withToken(token)), 200, "")
	}
}
