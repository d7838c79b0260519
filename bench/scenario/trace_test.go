package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestATraceIsReadBesideTheScenario(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"line.txt": "0 8\n5 4\n", "bad.txt": "0 8\n# x\n0 4\n", "packets.ms": "1\n2\n2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, profile, want string }{
		{"of rates", "trace: line.txt", ""},
		{"of packets", "trace: packets.ms, queue: 200ms", ""},
		{"by its whole path", "trace: " + filepath.Join(dir, "line.txt"), ""},
		{"not there", "trace: other.txt", "no such file"},
		{"with a mistake", "trace: bad.txt", "own.yaml:3: lines[0].both.trace: bad.txt: line 3: 0s is not a millisecond or more"},
		{"and a rate", "trace: line.txt, rate: 5Mbit/s", "rate, steps and steps_every have no place beside it"},
	} {
		file := "for: 1s\ncamera: {clip: true}\nlines: [{both: {" + c.profile + "}}]\nrules: [p99 <= 1s]\n"
		s, err := Parse(filepath.Join(dir, "own.yaml"), []byte(file))
		switch e := (*Error)(nil); {
		case c.want == "":
			if err != nil || s.Lines[0].Down.Rate == 0 && s.Lines[0].Down.Turns == nil {
				t.Errorf("a trace %s: %v", c.name, err)
			}
		case !errors.As(err, &e) || e.Line != 3 || !strings.Contains(err.Error(), c.want):
			t.Errorf("a trace %s: %v, want %s", c.name, err, c.want)
		}
	}
}
