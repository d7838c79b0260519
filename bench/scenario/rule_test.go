package scenario

import (
	"math"
	"strings"
	"testing"
)

func mustRule(t *testing.T, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRulesAreReadWithTheUnitOfTheirFigure(t *testing.T) {
	for _, c := range []struct {
		rule, text string
		limit      float64
		met, miss  float64
	}{
		{"good_in_300ms >= 99.9 %", "good_in_300ms >= 99.9 %", 0.999, 0.999, 0.9989},
		{"good_in_300ms>=99.9%", "good_in_300ms >= 99.9%", 0.999, 1, 0.5},
		{"p99 <= 130ms", "p99 <= 130ms", 130, 130, 130.1},
		{" longest_stall < 1.2s ", "longest_stall < 1.2s", 1200, 1199, 1200},
		{"back_on_main <= 8s", "back_on_main <= 8s", 8000, 0, never},
		{"broken_frames == 0", "broken_frames == 0", 0, 0, 1},
		{"main_share > 50%", "main_share > 50%", 0.5, 0.51, 0.5},
		{"overhead <= 0.5%", "overhead <= 0.5%", 0.005, 0.005, 0.0051},
	} {
		r := mustRule(t, c.rule)
		if r.limit != c.limit || r.String() != c.text {
			t.Errorf("%q: limit %v, text %q", c.rule, r.limit, r)
		}
		if !r.Met(c.met) || r.Met(c.miss) {
			t.Errorf("%q: %v met %v, %v met %v", c.rule, c.met, r.Met(c.met), c.miss, r.Met(c.miss))
		}
	}
}

func TestWrongRulesAreRefusedWithTheReason(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{"p99 130ms", "no comparison in it"},
		{"", "no comparison in it"},
		{"p98 <= 130ms", `no figure "p98" (good_in_300ms,`},
		{"p99 <= 130", `"130" is not a time`},
		{"p99 <= -1ms", `"-1ms" is not a time`},
		{"p99 = 130ms", "no comparison in it"},
		{"good_in_300ms >= 0.999", `"0.999" is not a percentage`},
		{"good_in_300ms >= NaN%", "is not a percentage"},
		{"good_in_300ms >= 99.9% of all", "is not a percentage"},
		{"broken_frames == 0%", `"0%" is not a count`},
		{"stalls <= -1", "is not a count"},
		{"p99 <= 130ms <= 140ms", "is not a time"},
	} {
		if _, err := ParseRule(c.rule); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.rule, err, c.want)
		}
	}
}

func TestTheWorstIsOnTheWrongSideOfTheLimit(t *testing.T) {
	for _, c := range []struct {
		rule          string
		values        []float64
		median, worst float64
	}{
		{"p99 <= 130ms", []float64{90, 140, 100}, 100, 140},
		{"p99 <= 130ms", []float64{90, 140, 100, 110}, 110, 140},
		{"p99 <= 130ms", []float64{90, never}, never, never},
		{"main_share >= 50%", []float64{0.9, 0.2, 0.5, 0.6}, 0.5, 0.2},
		{"broken_frames == 1", []float64{1, 0, 3}, 1, 3},
		{"broken_frames == 0", []float64{2}, 2, 2},
	} {
		r := mustRule(t, c.rule)
		if m, w := r.median(c.values), r.worst(c.values); m != c.median || w != c.worst {
			t.Errorf("%q of %v: median %v, worst %v; want %v and %v", c.rule, c.values, m, w, c.median, c.worst)
		}
	}
}

func TestValuesAreWrittenForPeople(t *testing.T) {
	for _, c := range []struct {
		kind kind
		v    float64
		want string
	}{
		{ratio, 1, "100.00 %"},
		{ratio, 0.99999, "99.99 %"},
		{ratio, 0.0193, "1.93 %"},
		{length, 130.4, "130 ms"},
		{length, 1.234, "1.23 ms"},
		{length, 12_340, "12.3 s"},
		{length, never, "never"},
		{length, math.NaN(), "never"},
		{count, 3, "3"},
	} {
		if got := c.kind.text(c.v); got != c.want {
			t.Errorf("%v of kind %d: %q, want %q", c.v, c.kind, got, c.want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"p99 <= 130ms", "good_in_300ms >= 99.9 %", "broken_frames == 0", "p99 <= ", "<=>=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		if math.IsNaN(r.limit) || math.IsInf(r.limit, 0) || r.limit < 0 {
			t.Errorf("%q has the limit %v", s, r.limit)
		}
		again, err := ParseRule(r.String())
		if err != nil || again != r {
			t.Errorf("%q is written %q and read %v, %v", s, r, again, err)
		}
	})
}
