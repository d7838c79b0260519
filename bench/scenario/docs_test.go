package scenario

import (
	"os"
	"strings"
	"testing"
)

func TestTheDocsNameEveryFigureAndTheirExampleIsRead(t *testing.T) {
	data, err := os.ReadFile("../../docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, f := range figures {
		if !strings.Contains(text, "| `"+f.Name+"` | "+f.Kind.Unit()+" |") {
			t.Errorf("docs/bench.md does not have %s in %s", f.Name, f.Kind.Unit())
		}
	}
	examples := 0
	for part := range strings.SplitSeq(text, "```yaml\n") {
		example, _, closed := strings.Cut(part, "```")
		if !closed || !strings.Contains(example, "rules:") {
			continue
		}
		examples++
		if _, err := Parse("docs.yaml", []byte(example)); err != nil {
			t.Error(err)
		}
	}
	if examples != 1 {
		t.Errorf("%d examples were found", examples)
	}
}
