package compare

import (
	"fmt"

	"github.com/classrelay/classrelay/bench/scenario"
)

// Result is what a Bench measured.
type Result struct {
	Scenarios []*scenario.Scenario
	Peers     []PeerVersion
	Seeds     int // asked for
	Runs      []Run
}

// PeerVersion is a peer and which one of it was there.
type PeerVersion struct {
	*Peer
	Version string
}

// of are the runs of a peer in a scenario that count.
func (res *Result) of(scenarioName, peer string) (runs []*Run) {
	for i := range res.Runs {
		r := &res.Runs[i]
		if r.Scenario == scenarioName && r.Peer == peer && r.counts() {
			runs = append(runs, r)
		}
	}
	return runs
}

// Complete tells whether everything that was asked for was measured.
func (res *Result) Complete() error {
	for i := range res.Runs {
		if r := &res.Runs[i]; r.Failed != "" {
			return fmt.Errorf("%s, %s, seed %d could not be run: %s", r.Scenario, r.Peer, r.Seed, r.Failed)
		}
	}
	for _, s := range res.Scenarios {
		for _, p := range res.Peers {
			if n := len(res.of(s.Name, p.Name)); n < res.Seeds {
				return fmt.Errorf("interrupted: %s, %s has %d of %d seeds", s.Name, p.Name, n, res.Seeds)
			}
		}
	}
	return nil
}

// Lead is a figure in which a peer is better than classrelay.
type Lead struct {
	Scenario string   `json:"scenario"`
	Peer     string   `json:"peer"`
	Figure   string   `json:"figure"`
	Ours     *float64 `json:"classrelay"` // null: never
	Theirs   *float64 `json:"theirs"`

	sentence, context string
}

// inTime tells how much of the picture a lead is about: what comes rarely can come
// early, and costs little.
func inTime(theirs, ours []*Run) string {
	f := &figures[0]
	a, _ := f.over(theirs)
	b, _ := f.over(ours)
	return fmt.Sprintf("%s in time, classrelay %s", f.cell(a), f.cell(b))
}

// Leads are all figures in which a peer's median is better than that of classrelay
// by more than the figure's margin.
func (res *Result) Leads() (leads []Lead) {
	for _, s := range res.Scenarios {
		ours := res.of(s.Name, Ours)
		for _, p := range res.Peers {
			theirs := res.of(s.Name, p.Name)
			if p.Name == Ours || len(ours) == 0 || len(theirs) == 0 {
				continue
			}
			for i := range figures {
				f := &figures[i]
				a, _ := f.over(theirs)
				b, _ := f.over(ours)
				if f.better(a, b) {
					leads = append(leads, Lead{
						Scenario: s.Name, Peer: p.Name, Figure: f.name,
						Ours: scenario.Number(b), Theirs: scenario.Number(a),
						context:  inTime(theirs, ours),
						sentence: fmt.Sprintf("%s (%s, classrelay %s)", f.words, f.cell(a), f.cell(b)),
					})
				}
			}
		}
	}
	return leads
}
