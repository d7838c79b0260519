package scenario

import (
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/truth"
	"github.com/classrelay/classrelay/internal/ffmpegtest"
)

func TestEveryScenarioIsJudgedByItsPictures(t *testing.T) {
	own := scenarioWith(t, "p99 <= 130ms", "wrong_pictures <= 3")
	other := scenarioWith(t, "p99 <= 130ms")
	if err := JudgeDecoded([]*Scenario{own, other}); err != nil {
		t.Fatal(err)
	}
	if len(own.Rules) != 2 || len(other.Rules) != 2 || other.Rules[1].String() != "wrong_pictures == 0" {
		t.Errorf("rules %v and %v", own.Rules, other.Rules)
	}
	if err := NeedsDecoding([]*Scenario{scenarioWith(t, "p99 <= 130ms"), own}); err == nil ||
		!strings.Contains(err.Error(), `line has the rule "wrong_pictures <= 3", which needs --decode`) {
		t.Errorf("%v", err)
	}
	all, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if err := NeedsDecoding(all); err != nil {
		t.Errorf("a shipped scenario cannot be run as it is: %v", err)
	}
}

func TestPicturesOfARunAreDecoded(t *testing.T) {
	ffmpegtest.NeedLong(t, "ffmpeg")
	ffmpeg, err := truth.FindFFmpeg(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := short(t, 1)
	b := Bench{
		Scenarios: []*Scenario{s}, Seeds: 1, Films: truth.NewLibrary(ffmpeg, t.TempDir()),
	}
	if err := JudgeDecoded(b.Scenarios); err != nil {
		t.Fatal(err)
	}
	results := b.Run(t.Context())
	r := &results[0].Runs[0]
	if r.Failed != "" || r.Decoded == nil {
		t.Fatalf("failed %q, decoded %v", r.Failed, r.Decoded)
	}
	// The first group comes from the cache, so there are more than the three seconds.
	if r.value("pictures_compared") < 60 || r.value("wrong_pictures") != 0 {
		t.Errorf("%+v", r.Decoded)
	}
	var out strings.Builder
	if err := WriteDecoded(&out, b.Films, results); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "0 wrong; the camera showed the clip in the program\n") {
		t.Errorf("it says\n%s", out.String())
	}
}

func TestNothingComparedIsNoProof(t *testing.T) {
	r := Run{Figures: map[string]*float64{}}
	note(&r, &truth.Verdict{})
	if rule := mustRule(t, "wrong_pictures == 0"); rule.Met(r.value("wrong_pictures")) {
		t.Error("no picture at all passes")
	}
	note(&r, &truth.Verdict{Compared: 5, Wrong: 2})
	if r.value("wrong_pictures") != 2 || r.value("pictures_compared") != 5 {
		t.Errorf("%v", r.Figures)
	}
}
