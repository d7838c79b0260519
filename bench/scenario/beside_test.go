package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/netem"
)

func TestBesideIsReadStrictly(t *testing.T) {
	const good = "for: 1s\ncamera: {clip: true}\nlines: [{both: {rate: 20Mbit/s}}]\nbeside: {tcp: [{congestion: bbr, flows: 2, from: 1s, to: 5s}]}\nrules: [bulk_share >= 30%]\n"
	s, err := Parse("x.yaml", []byte(good))
	want := netem.Bulk{Congestion: "bbr", Flows: 2, From: time.Second, To: 5 * time.Second}
	if err != nil || len(s.Lines[0].Beside) != 1 || s.Lines[0].Beside[0] != want {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, c := range []struct{ name, old, with, want string }{
		{"an unknown key", "flows", "flow", `x.yaml:4: unknown field "flow"`},
		{"an end before the beginning", "to: 5s", "to: 500ms", "x.yaml:4: beside.tcp[0].to: the flow would end before it begins"},
		{"far too many", "flows: 2", "flows: 101", "x.yaml:4: beside.tcp[0].flows: 101: 1 to 100 are possible"},
		{"a line without a rate", "rate: 20Mbit/s", "delay: 1ms", "beside: the last line needs a rate that does not change"},
		{"a share of nothing", "beside: {tcp: [{congestion: bbr, flows: 2, from: 1s, to: 5s}]}\n", "", "bulk_share is that of beside, which has no tcp"},
	} {
		_, err := Parse("x.yaml", []byte(strings.Replace(good, c.old, c.with, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestAScenarioThatCannotBePlayedHereIsNoPass(t *testing.T) {
	s, err := Parse("x.yaml", []byte("for: 1s\ncamera: {clip: true}\nlines: [{both: {rate: 20Mbit/s}}]\n"+
		"beside: {tcp: [{congestion: nonesuch}]}\nrules: [p99 <= 10s]\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := Bench{Scenarios: []*Scenario{s}, Seeds: 1}
	results := b.Run(t.Context())
	if v := Overall(results); v != Incomplete {
		t.Errorf("the verdict is %s", v)
	}
	// As root the control is what is missing, otherwise root.
	if why := results[0].Runs[0].Failed; !strings.Contains(why, "TCP beside: ") {
		t.Errorf("it says %q", why)
	}
}
