package compare

import (
	"encoding/json"
	"io"

	"github.com/classrelay/classrelay/bench/scenario"
)

// Schema is the version of the JSON. Fields are added under the same number,
// never renamed and never given another meaning.
const Schema = 1

// The result as JSON. A number that is none is null.
type (
	resultJSON struct {
		Schema      int                  `json:"schema"`
		Bench       string               `json:"bench"`
		Environment scenario.Environment `json:"environment"`
		Interrupted bool                 `json:"interrupted"`
		Seeds       int                  `json:"seeds"`
		Peers       []peerJSON           `json:"peers"`
		Rows        []rowJSON            `json:"rows"`
		Leads       []Lead               `json:"peer_is_better"`
		Runs        []Run                `json:"runs"`
	}
	peerJSON struct {
		Name    string `json:"name"`
		Title   string `json:"title"`
		Version string `json:"version"`
	}
	rowJSON struct {
		Scenario string              `json:"scenario"`
		Title    string              `json:"title"`
		Seconds  float64             `json:"seconds"`
		Peer     string              `json:"peer"`
		Counting int                 `json:"seeds_counting"`
		Median   map[string]*float64 `json:"median"`
		Worst    map[string]*float64 `json:"worst"`
	}
)

// WriteJSON writes the result for machines.
func (res *Result) WriteJSON(w io.Writer, env scenario.Environment, interrupted bool) error {
	rep := resultJSON{
		Schema: Schema, Bench: "compare", Environment: env, Interrupted: interrupted, Seeds: res.Seeds,
		Peers: []peerJSON{}, Rows: []rowJSON{}, Leads: append([]Lead{}, res.Leads()...), Runs: append([]Run{}, res.Runs...),
	}
	for _, p := range res.Peers {
		rep.Peers = append(rep.Peers, peerJSON{p.Name, p.Title, p.Version})
	}
	for _, s := range res.Scenarios {
		for _, p := range res.Peers {
			rep.Rows = append(rep.Rows, res.row(s, p.Name))
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(rep)
}

func (res *Result) row(s *scenario.Scenario, peer string) rowJSON {
	runs := res.of(s.Name, peer)
	row := rowJSON{
		Scenario: s.Name, Title: s.Title, Seconds: s.For.Seconds(), Peer: peer, Counting: len(runs),
		Median: make(map[string]*float64), Worst: make(map[string]*float64),
	}
	for i := range figures {
		median, worst := figures[i].over(runs)
		row.Median[figures[i].name] = scenario.Number(median)
		row.Worst[figures[i].name] = scenario.Number(worst)
	}
	return row
}
