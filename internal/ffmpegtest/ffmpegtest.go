// Package ffmpegtest lets tests use ffmpeg and ffprobe: as judges of what we made, and
// as the other ends that schools have. Where they are not installed those tests skip.
package ffmpegtest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// longest is how long one program may run: the longest of our recordings, on a machine
// that has much else to do.
const longest = time.Minute

// Need skips a test where one of the programs is not installed.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: this test needs it", p)
		}
	}
}

// NeedLong is Need for a test that takes seconds, which -short leaves out.
func NeedLong(t testing.TB, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	Need(t, programs...)
}

// Try runs ffmpeg or ffprobe to its end and returns what it printed. The error has what
// it complained of.
func Try(ctx context.Context, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"-hide_banner", "-v", "error"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w\n%s", program, args, err, said.String())
	}
	return out, nil
}

// Run is Try for a program that must not fail.
func Run(t testing.TB, program string, args ...string) []byte {
	t.Helper()
	out, err := Try(t.Context(), program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Hashes runs ffmpeg with the given input and options and hashes each frame that
// comes out.
func Hashes(t testing.TB, args ...string) (all []string) {
	t.Helper()
	out := Run(t, "ffmpeg", append(args, "-f", "framehash", "-hash", "md5", "-")...)
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, strings.TrimSpace(line[strings.LastIndex(line, ",")+1:]))
		}
	}
	return all
}

// Decoded decodes what is of one kind in a file, "v" or "a", and hashes each frame. The
// slightest error ends the test.
func Decoded(t testing.TB, file, kind string) []string {
	t.Helper()
	return Hashes(t, "-xerror", "-err_detect", "explode", "-i", file, "-map", "0:"+kind, "-fps_mode", "passthrough")
}
