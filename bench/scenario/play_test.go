package scenario

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
)

// short is a scenario of three seconds on a line of 20 ms.
func short(t *testing.T, hops int) *Scenario {
	t.Helper()
	text := "for: 3s\ncamera: {clip: true}\nrules: [broken_frames == 0]\nlines:\n" +
		strings.Repeat("  - both: {rate: 100Mbit/s, delay: 10ms}\n", hops)
	s, err := Parse("short.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARunOnRealSocketsHasAllFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes four seconds")
	}
	seconds := 0
	r := Play(t.Context(), short(t, 2), 1, "test", func(Second) { seconds++ }, zap.NewNop())
	if r.Failed != "" || r.Interrupted {
		t.Fatalf("failed %q, interrupted %v", r.Failed, r.Interrupted)
	}
	// How many come in time is the machine's affair as well; that they come and
	// are whole is ours: the lines lose nothing.
	if r.Viewer.FramesGood == 0 || r.value("broken_frames") != 0 || r.value("lost_on_line") != 0 {
		t.Errorf("%+v", r.Viewer)
	}
	if r.value("p50") < 20 || seconds < 2 || len(r.Lines) != 2 || r.Lines[1].Offered == 0 {
		t.Errorf("p50 %v over two lines of 10 ms, %d seconds, lines %+v", r.value("p50"), seconds, r.Lines)
	}
	for _, f := range figures {
		if f.Name == "wrong_pictures" || f.Name == "pictures_compared" { // nobody decoded
			continue
		}
		v, there := r.Figures[f.Name]
		// They have no sense on a line that is always good, or without TCP beside.
		if there == (f.Name == "back_on_main" || f.Name == "bulk_share") {
			t.Errorf("%s is %v", f.Name, v)
		}
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes two seconds")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := short(t, 1)
	s.For = time.Hour
	r := Play(ctx, s, 1, "test", func(Second) { stop() }, zap.NewNop())
	if !r.Interrupted || r.Failed != "" || r.Seconds >= s.For.Seconds() {
		t.Errorf("interrupted %v after %v s, failed %q", r.Interrupted, r.Seconds, r.Failed)
	}
}
