package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/classrelay/classrelay/bench/netem"
)

// WriteTable writes the result for people: a row for each scenario and peer, then
// where a peer is better, then what is to be said about single runs.
func (res *Result) WriteTable(w io.Writer) error {
	if err := res.writeRows(w); err != nil {
		return err
	}
	if res.Seeds > 1 {
		fmt.Fprintf(w, "Medians of %d seeds, the worst in brackets.\n", res.Seeds)
	}
	fmt.Fprintln(w, "\nPeers:")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range res.Peers {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Name, p.Version, p.Title)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	res.writeLeads(w)
	res.writeNotes(w)
	return nil
}

func (res *Result) writeRows(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "scenario\tpeer")
	for i := range figures {
		fmt.Fprint(t, "\t", figures[i].head)
	}
	fmt.Fprintln(t)
	for _, s := range res.Scenarios {
		name := s.Name
		for _, p := range res.Peers {
			fmt.Fprintf(t, "%s\t%s", name, p.Name)
			name = "" // once is enough
			runs := res.of(s.Name, p.Name)
			for i := range figures {
				fmt.Fprint(t, "\t", figures[i].cells(runs))
			}
			fmt.Fprintln(t)
		}
	}
	return t.Flush()
}

// cells is a figure over several runs: the median, and behind it the worst one.
func (f *figure) cells(runs []*Run) string {
	median, worst := f.over(runs)
	if len(runs) < 2 || f.cell(median) == f.cell(worst) {
		return f.cell(median)
	}
	return fmt.Sprintf("%s (%s)", f.cell(median), f.cell(worst))
}

// writeLeads says in words where a peer is better, a line for each scenario and peer.
func (res *Result) writeLeads(w io.Writer) {
	if len(res.Peers) < 2 {
		return
	}
	leads := res.Leads()
	if len(leads) == 0 {
		fmt.Fprintln(w, "\nWhere a peer is better than classrelay: nowhere.")
		return
	}
	fmt.Fprintln(w, "\nWhere a peer is better than classrelay:")
	for i := 0; i < len(leads); {
		first := leads[i]
		var words []string
		for ; i < len(leads) && leads[i].Scenario == first.Scenario && leads[i].Peer == first.Peer; i++ {
			words = append(words, leads[i].sentence)
		}
		fmt.Fprintf(w, "  %s, %s (%s): %s\n", first.Scenario, first.Peer, first.context, strings.Join(words, "; "))
	}
}

func (res *Result) writeNotes(w io.Writer) {
	var notes []string
	if n := res.late(); n > fewLate {
		notes = append(notes, fmt.Sprintf("the emulated line was late, by more than %s at p99, in %d of %d runs: "+
			"this machine is too busy, the figures mean little", late(millis(netem.LateLimit)), n, len(res.Runs)))
	}
	for i := range res.Runs {
		if res.late() > fewLate && res.Runs[i].Late && res.Runs[i].counts() {
			continue // said once for all
		}
		if note := res.Runs[i].note(); note != "" {
			r := &res.Runs[i]
			notes = append(notes, fmt.Sprintf("%s, %s, seed %d: %s", r.Scenario, r.Peer, r.Seed, note))
		}
	}
	if len(notes) > 0 {
		fmt.Fprintf(w, "\nTo be said:\n  %s\n", strings.Join(notes, "\n  "))
	}
}

// fewLate is how many late runs are named one by one.
const fewLate = 5

// late is how many runs that count had a late line.
func (res *Result) late() (n int) {
	for i := range res.Runs {
		if res.Runs[i].Late && res.Runs[i].counts() {
			n++
		}
	}
	return n
}

// note is what has to be said about a run beside its figures.
func (r *Run) note() string {
	switch {
	case r.Failed != "":
		return "could not be run: " + r.Failed
	case r.Interrupted:
		return fmt.Sprintf("interrupted after %.0f s and not counted", r.Seconds)
	case r.Late:
		again := ""
		if r.Repeated {
			again = ", when repeated as well"
		}
		return fmt.Sprintf("the emulated line was late by %s at p99 and lost %d packets itself%s: "+
			"this machine is too busy, the figures mean little", late(r.LateP99Ms), r.Overrun, again)
	case r.Repeated:
		return "the emulated line was late the first time; these are the figures of the second"
	}
	return ""
}
