package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/relay"
)

func statusServer(t *testing.T, r *relay.Report) (address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/status" {
			http.NotFound(w, q)
			return
		}
		_ = json.NewEncoder(w).Encode(r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestStatusDrawsTheTree(t *testing.T) {
	address := statusServer(t, &relay.Report{
		Node: "prov", County: "p", Role: "province", Version: "v1", Uptime: 3661,
		Links: []relay.ReportLink{{Peer: "city", Address: "10.0.0.2:4433", Up: 60, RTT: 8.4, Gets: 2}},
		Streams: []relay.ReportStream{
			{ID: "s1/cam", Source: "node city", Path: []string{"s1", "hub-a", "city"}, Online: true},
		},
		Nodes: []relay.ReportNode{
			{Node: "s1", County: "c1", Role: "school", Links: []string{"hub-a", "hub-b"}, Feeds: []string{"a", "b", "c", "d", "e"}},
			{Node: "s1", County: "c2", Role: "school", Links: []string{"hub-a"}, Heard: 12},
			{Node: "hub-a", County: "c1", Role: "hub", Links: []string{"hub-b", "city"}},
			{Node: "hub-b", County: "c1", Role: "hub", Links: []string{"city"}},
			{Node: "hub-a", County: "c2", Role: "hub", Links: []string{"city"}},
			{Node: "city", County: "x", Role: "city", Links: []string{"prov"}},
			{Node: "prov", County: "p", Role: "province"},
		},
	})
	r := program(t, "", "status", "--admin", address)
	if r.status != statusOK {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	want := `prov, province of p, v1, up 1h1m1s

tree: 7 nodes, 5 feeds
prov  province of p
└─ city  city of x
   ├─ hub-a  hub of c1
   │  └─ s1  a b c d and 1 more
   ├─ hub-b  hub of c1
   └─ hub-a  hub of c2
      └─ s1  (not heard for 12 s)

link  address        up    rtt   sends  gets
city  10.0.0.2:4433  1m0s  8 ms  0      2

feed    online  watched  from
s1/cam  yes     no       s1 > hub-a > city
`
	if r.out != want {
		t.Errorf("it shows\n%s\nwant\n%s", r.out, want)
	}
}

func TestStatusOfANodeWithAnAlarm(t *testing.T) {
	address := statusServer(t, &relay.Report{
		Node: "s1", Version: "v1", Links: []relay.ReportLink{{Address: "10.0.0.1:4433", Dialled: true}},
		Alarms: []relay.ReportAlarm{{Code: "no_link", What: "no link to the parent at 10.0.0.1:4433"}},
	})
	r := program(t, "", "status", "--admin", address)
	if r.status != statusFailed || !strings.Contains(r.out, "alarm: no link to the parent at 10.0.0.1:4433 (no_link)") {
		t.Errorf("exit status %d, it shows\n%s", r.status, r.out)
	}
	r = program(t, "", "status", "--admin", address, "--json")
	var got relay.Report
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || got.Node != "s1" || r.status != statusFailed {
		t.Errorf("exit status %d, %v: %s", r.status, err, r.out)
	}
}

func TestStatusThatCannotBeAsked(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		status int
		word   string
	}{
		"no node named":       {nil, statusUsage, "--config"},
		"two nodes named":     {[]string{"--admin", "x:1", "--config", "y"}, statusUsage, "--config"},
		"nobody there":        {[]string{"--admin", "127.0.0.1:1"}, statusCannot, "does it run?"},
		"a node without door": {[]string{"--config", write(t, "n.yaml", "node: n\n")}, statusCannot, "neither county.state nor"},
	} {
		r := program(t, "", append([]string{"status"}, test.args...)...)
		if r.status != test.status || !strings.Contains(r.err, test.word) {
			t.Errorf("%s: exit status %d: %s", name, r.status, r.err)
		}
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	r := program(t, "", "status", "--admin", strings.TrimPrefix(s.URL, "http://"))
	if r.status != statusCannot || !strings.Contains(r.err, "is no node") {
		t.Errorf("an older node: exit status %d: %s", r.status, r.err)
	}
}
