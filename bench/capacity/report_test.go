package capacity

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/capacity/egress"
)

func TestReportsAreValidWhateverIsMissing(t *testing.T) {
	for _, c := range []struct {
		name   string
		report Report
		want   []string
	}{
		{"nothing at all", Report{}, []string{`"steps": []`, `"egress": []`, `"schema": "classrelay/bench-capacity/1"`}},
		{
			"a step that was not played",
			Report{Steps: []Result{{Failed: "x"}}},
			[]string{`"mbit_per_core": null`, `"at_viewers": null`, `"broken": []`},
		},
		{"a way to send that failed", Report{Egress: []egress.Row{{Mode: egress.GSO}}}, []string{`"of_udp": null`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := c.report.Write(&b); err != nil {
				t.Fatal(err)
			}
			if !json.Valid(b.Bytes()) {
				t.Fatalf("not JSON: %s", b.String())
			}
			for _, want := range c.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %s in\n%s", want, b.String())
				}
			}
		})
	}
}

func TestReportsNameWhatMissed(t *testing.T) {
	slow := egress.Row{Mode: egress.QUIC, MbitPerCore: &egress.Spread{Median: 900}, OfUDP: &egress.Spread{Median: 0.9}}
	fast := egress.Row{Mode: egress.QUIC, MbitPerCore: &egress.Spread{Median: 1100}, OfUDP: &egress.Spread{Median: 1.1}}
	step := Result{Step: Step{1, 50, 1}, Broken: []string{"p99 <= 300ms: 400 ms at the branches"}, Limit: LimitHub}
	for _, c := range []struct {
		name           string
		report         Report
		missed, cannot string
	}{
		{"all well", Report{Egress: []egress.Row{fast}}, "", ""},
		{"sending is dear", Report{Egress: []egress.Row{slow}}, "quic_per_core >= udp_per_core: 0.90", ""},
		{"a rule broke", Report{Egress: []egress.Row{fast}, Steps: []Result{step}}, "p99 <= 300ms", ""},
		{"a step failed", Report{Steps: []Result{{Failed: "the hub has ended"}}}, "", "the hub has ended"},
		{"a way to send failed", Report{Egress: []egress.Row{{Title: "GSO", Failed: "no"}}}, "", "GSO: no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			missed, cannot := c.report.Missed(), c.report.Cannot()
			if !strings.Contains(missed, c.missed) || (c.missed == "") != (missed == "") {
				t.Errorf("missed %q, want %q", missed, c.missed)
			}
			if !strings.Contains(cannot, c.cannot) || (c.cannot == "") != (cannot == "") {
				t.Errorf("cannot %q, want %q", cannot, c.cannot)
			}
		})
	}
}

func TestTablesSayWhatBroke(t *testing.T) {
	var b bytes.Buffer
	step := Result{
		Step: Step{1, 50, 0}, Broken: []string{"good >= 99.50 %: 98.00 % at the branches"}, Limit: LimitGenerator,
		Schools: &Seen{P99Ms: 12, GoodRatio: 0.98},
	}
	if err := WriteTable(&b, []Result{step}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"12/–", "98.00/–", "50 branches, 0 viewers: good >= 99.50 %", "the limit: generator"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
