package report

import (
	"cmp"
	"html/template"
	"slices"

	"github.com/classrelay/classrelay/bench/scenario"
)

// runRow is one run in the table of all.
type runRow struct {
	Seed    uint64
	Values  []template.HTML
	Note    template.HTML
	Dubious bool // the figures mean little
}

func newRunRow(r *scenario.Run, figures []string) runRow {
	row := runRow{Seed: r.Seed, Note: note(r), Dubious: r.Late || r.Interrupted || r.Failed != ""}
	for _, name := range figures {
		v, ok := r.Figures[name]
		switch {
		case !ok:
			row.Values = append(row.Values, "–")
		default:
			row.Values = append(row.Values, value(unitOf(name), v))
		}
	}
	return row
}

// note is what has to be said about a run.
func note(r *scenario.Run) template.HTML {
	late := number("ms", figure(r, "emulator_late_p99"))
	switch {
	case r.Failed != "":
		return must("note.failed", r.Failed)
	case r.Interrupted:
		return must("note.interrupted")
	case r.Late && r.Repeated:
		return must("note.late.again", late)
	case r.Late:
		return must("note.late", late)
	case r.Repeated:
		return must("note.repeated")
	}
	return ""
}

// hopRow is one line of the hop-by-hop table.
type hopRow struct {
	*scenario.Hop
	Lost      float64 // share of the packets sent
	Added     *float64
	Viewer    bool
	P50, P95  *float64
	P99, Most *float64
}

// hopRows are the hops of a run from the hub down, and what the viewer saw.
func hopRows(r *scenario.Run) (rows []hopRow) {
	var before *float64
	for i := range r.Hops {
		h := &r.Hops[i]
		row := hopRow{Hop: h, Added: added(before, h.P50Ms), P50: h.P50Ms, P95: h.P95Ms, P99: h.P99Ms, Most: h.MaxMs}
		if sent := h.Packets + h.Lost - min(h.Lost, h.Restored); sent > 0 {
			row.Lost = float64(h.Lost) / float64(sent)
		}
		before = cmp.Or(h.P50Ms, before)
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		f := r.Figures
		rows = append(rows, hopRow{
			Hop: &scenario.Hop{}, Viewer: true, Added: added(before, f["p50"]),
			P50: f["p50"], P95: f["p95"], P99: f["p99"], Most: f["max"],
		})
	}
	return rows
}

// added is what a hop added to the median; nothing where it cannot be told.
func added(before, after *float64) *float64 {
	if after == nil {
		return nil
	}
	v := *after
	if before != nil {
		v -= *before
	}
	return scenario.Number(max(0, v)) // nodes round up to a millisecond
}

// event is a stall or a switch.
type event struct {
	AtMs   float64
	At     string
	Kind   string // stall or switch, as a class
	What   template.HTML
	Reason template.HTML
	Why    string // a node's own words
}

// most are the events shown of one run; the JSON has all.
const most = 14

// events are the stalls and switches of a run in the order of time.
func events(tl *scenario.Timeline) (shown []event, more int) {
	for _, s := range tl.Stalls {
		var causes []template.HTML
		for _, c := range s.Causes {
			causes = append(causes, known("cause", string(c)))
		}
		shown = append(shown, event{
			AtMs: s.FromMs, Kind: "stall", What: must("event.stall", number("ms", s.ForMs)), Reason: list(causes),
		})
	}
	for _, s := range tl.Switches {
		shown = append(shown, event{
			AtMs: s.AtMs, Kind: "switch", What: must("event.switch", s.From, s.To),
			Reason: known("switch", s.Rule), Why: s.Why,
		})
	}
	for i, l := range tl.Layers {
		if i > 0 {
			shown = append(shown, event{AtMs: l.FromMs, Kind: "seen", What: must("event.seen", known("layer", l.Layer))})
		}
	}
	slices.SortStableFunc(shown, func(a, b event) int { return cmp.Compare(a.AtMs, b.AtMs) })
	for i := range shown {
		shown[i].At = seconds(shown[i].AtMs)
	}
	if len(shown) > most {
		more = len(shown) - most
		shown = shown[:most]
	}
	return shown, more
}

// unitOf is a figure's.
func unitOf(name string) string {
	for _, f := range scenario.Figures() {
		if f.Name == name {
			return f.Kind.Unit()
		}
	}
	return ""
}
