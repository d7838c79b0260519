package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/classrelay/classrelay/relay"
)

// printStatus writes a report for people.
func printStatus(w io.Writer, r *relay.Report) error {
	place := "a site from files alone"
	if r.County != "" {
		place = fmt.Sprintf("%s of %s", r.Role, r.County)
	}
	_, _ = fmt.Fprintf(w, "%s, %s, %s, up %s\n", r.Node, place, r.Version, lasting(r.Uptime))
	if len(r.Nodes) > 1 {
		feeds := 0
		for i := range r.Nodes {
			feeds += len(r.Nodes[i].Feeds)
		}
		_, _ = fmt.Fprintf(w, "\ntree: %d nodes, %d feeds\n", len(r.Nodes), feeds)
		for _, line := range treeOf(r.Nodes) {
			_, _ = fmt.Fprintln(w, line)
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(r.Links) > 0 {
		_, _ = fmt.Fprintln(t, "\nlink\taddress\tup\trtt\tsends\tgets")
	}
	for _, l := range r.Links {
		if l.Peer == "" {
			_, _ = fmt.Fprintf(t, "-\t%s\tno\t\t\t\n", l.Address)
			continue
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%.0f ms\t%d\t%d\n", l.Peer, l.Address, lasting(l.Up), l.RTT, l.Sends, l.Gets)
	}
	if len(r.Streams) > 0 {
		_, _ = fmt.Fprintln(t, "\nfeed\tonline\twatched\tfrom")
	}
	for _, s := range r.Streams {
		from := s.Source
		if len(s.Path) > 1 {
			from = strings.Join(s.Path, " > ")
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.ID, yes(s.Online), yes(s.Watched), from)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, a := range r.Alarms {
		_, _ = fmt.Fprintf(w, "\nalarm: %s (%s)\n", a.What, a.Code)
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func lasting(seconds float64) string {
	return (time.Duration(seconds) * time.Second).String()
}

// tree is who is below whom.
type tree struct {
	known map[string]*relay.ReportNode   // by county and name, and by name alone
	below map[string][]*relay.ReportNode // by county and name of the one above; "" for roots
	lines []string
}

// rankOf orders the levels.
func rankOf(role string) int {
	return slices.Index([]string{"school", "hub", "city", "province"}, role)
}

func placeOf(n *relay.ReportNode) string { return n.County + "/" + n.Node }

// treeOf draws who is below whom, a line each: a node is below the first of its links
// that leads to a known node of a higher level, and what has none is a root.
func treeOf(nodes []relay.ReportNode) []string {
	t := tree{known: make(map[string]*relay.ReportNode), below: make(map[string][]*relay.ReportNode)}
	for i := range nodes {
		t.known[nodes[i].Node] = &nodes[i]
		t.known[placeOf(&nodes[i])] = &nodes[i]
	}
	for i := range nodes {
		up := t.above(&nodes[i])
		t.below[up] = append(t.below[up], &nodes[i])
	}
	slices.SortStableFunc(t.below[""], func(a, b *relay.ReportNode) int { return rankOf(b.Role) - rankOf(a.Role) })
	t.draw("", "")
	return t.lines
}

// above is the one that a node is drawn below; empty: it is a root.
func (t *tree) above(n *relay.ReportNode) string {
	for _, to := range n.Links {
		up := t.known[n.County+"/"+to] // two counties may use one name
		if up == nil {
			up = t.known[to]
		}
		if up != nil && rankOf(up.Role) > rankOf(n.Role) {
			return placeOf(up)
		}
	}
	return ""
}

func (t *tree) draw(of, lead string) {
	for i, n := range t.below[of] {
		branch, next := "├─ ", "│  "
		switch {
		case of == "":
			branch, next = "", ""
		case i == len(t.below[of])-1:
			branch, next = "└─ ", "   "
		}
		t.lines = append(t.lines, lead+branch+nodeLine(n))
		t.draw(placeOf(n), lead+next)
	}
}

// mostNamed is how many feeds of a node are named on its line.
const mostNamed = 4

func nodeLine(n *relay.ReportNode) string {
	line := fmt.Sprintf("%s  %s of %s", n.Node, n.Role, n.County)
	if n.Role == "school" {
		line = n.Node
	}
	if len(n.Feeds) > 0 {
		line += "  " + strings.Join(n.Feeds[:min(len(n.Feeds), mostNamed)], " ")
	}
	if more := len(n.Feeds) - mostNamed; more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	if n.Heard > 7 { // one announcement has been missed
		line += fmt.Sprintf("  (not heard for %.0f s)", n.Heard)
	}
	return line
}
