package rule

import (
	"math"
	"strings"
	"testing"
)

// figures are some of each kind.
var figures = []Figure{
	{"good_in_300ms", Ratio, "frames in time"},
	{"p99", Time, "latency"},
	{"longest_stall", Time, "of the picture"},
	{"back_on_main", Time, "after the fade"},
	{"stalls", Count, "how many"},
	{"broken_frames", Count, "how many"},
	{"main_share", Ratio, "of the time"},
	{"overhead", Ratio, "of the bytes"},
	{"latency_slope", TimeHour, "growth"},
	{"rss_slope", BytesHour, "growth"},
	{"fds_slope", CountHour, "growth"},
}

func mustRule(t *testing.T, s string) Rule {
	t.Helper()
	r, err := Parse(s, figures)
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
		{"back_on_main <= 8s", "back_on_main <= 8s", 8000, 0, Never},
		{"broken_frames == 0", "broken_frames == 0", 0, 0, 1},
		{"main_share > 50%", "main_share > 50%", 0.5, 0.51, 0.5},
		{"overhead <= 0.5%", "overhead <= 0.5%", 0.005, 0.005, 0.0051},
		{"latency_slope <= 0.5ms/h", "latency_slope <= 0.5ms/h", 0.5, 0.5, 0.51},
		{"rss_slope <= 64kB/h", "rss_slope <= 64kB/h", 0.064, 0.06, 0.07},
		{"rss_slope <= 1 MB/h", "rss_slope <= 1 MB/h", 1, 1, 1.1},
		{"fds_slope <= 0.5/h", "fds_slope <= 0.5/h", 0.5, -3, 0.6},
	} {
		r := mustRule(t, c.rule)
		if r.Limit != c.limit || r.String() != c.text {
			t.Errorf("%q: limit %v, text %q", c.rule, r.Limit, r)
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
		{"latency_slope <= 1ms", `"1ms" is not a time per hour`},
		{"rss_slope <= 1GB/h", "write it like 1MB/h or 64kB/h"},
		{"rss_slope <= InfMB/h", "is no limit here"},
		{"fds_slope <= NaN/h", "is no limit here"},
	} {
		if _, err := Parse(c.rule, figures); err == nil || !strings.Contains(err.Error(), c.want) {
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
		{"p99 <= 130ms", []float64{90, Never}, Never, Never},
		{"main_share >= 50%", []float64{0.9, 0.2, 0.5, 0.6}, 0.5, 0.2},
		{"broken_frames == 1", []float64{1, 0, 3}, 1, 3},
		{"broken_frames == 0", []float64{2}, 2, 2},
	} {
		r := mustRule(t, c.rule)
		if m, w := r.Median(c.values), r.Worst(c.values); m != c.median || w != c.worst {
			t.Errorf("%q of %v: median %v, worst %v; want %v and %v", c.rule, c.values, m, w, c.median, c.worst)
		}
	}
}

func TestValuesAreWrittenForPeople(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		v    float64
		want string
	}{
		{Ratio, 1, "100.00 %"},
		{Ratio, 0.99999, "99.99 %"},
		{Ratio, 0.0193, "1.93 %"},
		{Time, 130.4, "130 ms"},
		{Time, 1.234, "1.23 ms"},
		{Time, 12_340, "12.3 s"},
		{Time, Never, "never"},
		{Time, math.NaN(), "never"},
		{Count, 3, "3"},
		{TimeHour, 0.5, "0.50 ms/h"},
		{BytesHour, 0.0314, "0.031 MB/h"},
		{CountHour, 2, "2.00/h"},
	} {
		if got := c.kind.Text(c.v); got != c.want {
			t.Errorf("%v of kind %d: %q, want %q", c.v, c.kind, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"p99 <= 130ms", "good_in_300ms >= 99.9 %", "broken_frames == 0", "p99 <= ", "<=>=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s, figures)
		if err != nil {
			return
		}
		if math.IsNaN(r.Limit) || math.IsInf(r.Limit, 0) || r.Limit < 0 {
			t.Errorf("%q has the limit %v", s, r.Limit)
		}
		again, err := Parse(r.String(), figures)
		if err != nil || again != r {
			t.Errorf("%q is written %q and read %v, %v", s, r, again, err)
		}
	})
}
