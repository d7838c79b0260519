package relay

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/directory"
)

// Report is what a node says of itself and of the tree it knows, for `classrelay status`.
type Report struct {
	Schema  int    `json:"schema"` // 1
	Node    string `json:"node"`
	Version string `json:"version"`
	// County and Role are empty at a site from files alone.
	County  string         `json:"county"`
	Role    string         `json:"role"`
	Uptime  float64        `json:"uptime_s"`
	Links   []ReportLink   `json:"links"`
	Streams []ReportStream `json:"streams"`
	// Nodes are those that the node's directory knows, itself included. A school knows
	// only itself: its hub knows the others.
	Nodes  []ReportNode  `json:"nodes"`
	Alarms []ReportAlarm `json:"alarms"`
}

// ReportLink is a link that the node has, or that it should have.
type ReportLink struct {
	Peer    string  `json:"peer"`    // empty: there is none at that address
	Address string  `json:"address"` // of the peer
	Dialled bool    `json:"dialled"` // by this node
	Up      float64 `json:"up_s"`    // for how long; 0: it is down
	RTT     float64 `json:"rtt_ms"`
	Sends   int     `json:"sends"` // layers that go out now
	Gets    int     `json:"gets"`  // layers that come in
}

// ReportStream is a feed that the node has or could get by its links.
type ReportStream struct {
	ID      string   `json:"id"`
	Source  string   `json:"source"`
	Path    []string `json:"path"`
	Online  bool     `json:"online"`
	Watched bool     `json:"watched"`
}

// ReportNode is a node in the directory.
type ReportNode struct {
	Node   string   `json:"node"`
	County string   `json:"county"`
	Role   string   `json:"role"`
	Links  []string `json:"links"`
	Feeds  []string `json:"feeds"`
	Heard  float64  `json:"heard_s"` // how long ago; 0: the node itself
}

// ReportAlarm is something that somebody should look after.
type ReportAlarm struct {
	Code string `json:"code"` // no_link, no_directory, no_level_above, name_taken, certificate or records_stale
	What string `json:"what"`
}

// expiresSoon is when a certificate is worth a word: renewing began two months before.
const expiresSoon = 14 * 24 * time.Hour

// Report collects what the node knows.
func (n *Node) Report() Report {
	now := time.Now()
	r := Report{
		Schema: 1, Node: n.cfg.Node, Version: n.version, Uptime: now.Sub(n.since).Seconds(),
		Links: []ReportLink{}, Streams: []ReportStream{}, Nodes: []ReportNode{}, Alarms: []ReportAlarm{},
	}
	n.reportLinks(now, &r)
	for _, f := range n.table.known() {
		s := ReportStream{ID: string(f.ID), Source: f.Source, Path: append([]string{}, f.Path...), Online: f.Online}
		s.Watched = slices.ContainsFunc(f.Layers[:], func(l LayerStatus) bool { return l.Interest > 0 })
		r.Streams = append(r.Streams, s)
	}
	if p := n.place.Load(); p != nil {
		r.County, r.Role = p.member.County, string(p.member.Level())
		p.report(now, &r)
	}
	if n.id != nil {
		if left := n.id.NotAfter().Sub(now); left < expiresSoon {
			r.alarm("certificate", "the node's certificate ends on %s", n.id.NotAfter().UTC().Format(time.DateOnly))
		}
	}
	n.records.reportAge(now, &r)
	return r
}

func (r *Report) alarm(code, format string, args ...any) {
	r.Alarms = append(r.Alarms, ReportAlarm{Code: code, What: fmt.Sprintf(format, args...)})
}

// reportLinks lists links, and parents without one.
func (n *Node) reportLinks(now time.Time, r *Report) {
	up := make(map[string]bool)
	for _, l := range n.table.peers() {
		st := l.status.Load()
		up[st.Parent] = true
		r.Links = append(r.Links, ReportLink{
			Peer: st.Peer, Address: st.Remote, Dialled: st.Dialled, Up: now.Sub(st.Since).Seconds(),
			RTT: float64(st.Path.MinRTT.Microseconds()) / 1000, Sends: len(st.Out), Gets: len(st.In),
		})
	}
	n.duties.mu.Lock()
	parents := slices.Sorted(maps.Keys(n.duties.parents))
	n.duties.mu.Unlock()
	for _, parent := range parents {
		if !up[parent] {
			r.Links = append(r.Links, ReportLink{Address: parent, Dialled: true})
			r.alarm("no_link", "no link to the parent at %s", parent)
		}
	}
}

// report adds what the directory knows.
func (p *place) report(now time.Time, r *Report) {
	snap := p.directory.Snapshot()
	for i := range snap.Nodes {
		r.Nodes = append(r.Nodes, reportNode(now, &snap.Nodes[i]))
	}
	if !p.bus.Connected() {
		r.alarm("no_directory", "this node is not connected with the directory: no link to a hub carries it")
	}
	if p.server != nil && p.server.Above() != nil && !p.server.LeadsUp() {
		r.alarm("no_level_above", "this machine has no connection to the directory of the level above (county.above)")
	}
	for _, id := range slices.SortedFunc(maps.Keys(snap.Clashes), cmp.Compare[media.FeedID]) {
		r.alarm("name_taken", "feed %s is claimed by %s: rename one of them", id, strings.Join(snap.Clashes[id], " and "))
	}
}

func reportNode(now time.Time, e *directory.Entry) ReportNode {
	out := ReportNode{Node: e.Name, County: e.County, Role: string(e.Role), Links: []string{}, Feeds: []string{}}
	for _, l := range e.Links {
		out.Links = append(out.Links, l.To)
	}
	for _, f := range e.Feeds {
		out.Feeds = append(out.Feeds, string(f.ID))
	}
	if !e.Heard.IsZero() {
		out.Heard = now.Sub(e.Heard).Seconds()
	}
	return out
}

// serveReport answers with the report.
func (n *Node) serveReport(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(n.Report()) // a client that went away needs no answer
}
