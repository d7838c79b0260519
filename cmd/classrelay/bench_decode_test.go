package main

import (
	"strings"
	"testing"
)

func TestDecodingNeedsFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r := program(t, "", "bench", "run", "clean", "--decode", "--seeds", "1")
	if r.status != 2 || !strings.Contains(r.err, "install ffmpeg or leave out --decode") {
		t.Errorf("exit status %d: %s", r.status, r.err)
	}
}
