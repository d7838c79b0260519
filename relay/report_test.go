package relay

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// A hub and a school on loopback: each answers at the socket in its state folder, and what
// is amiss is an alarm.
func TestTheReportAtTheSocket(t *testing.T) {
	pki, quic := t.TempDir(), freeport.Address()
	if err := identity.InitCA(pki); err != nil {
		t.Fatal(err)
	}
	start := func(m identity.Member, cfg *config.Config) (state string, stop func()) {
		if err := identity.IssueMember(pki, m); err != nil {
			t.Fatal(err)
		}
		id, err := identity.Load(filepath.Join(pki, m.Node))
		if err != nil {
			t.Fatal(err)
		}
		// A socket's name has at most 107 letters, and t.TempDir has this test's name in it.
		state, err = os.MkdirTemp("", "st") //nolint:usetesting // that is why
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(state) })
		cfg.Node, cfg.County.Name, cfg.County.State = m.Node, m.County, state
		n, err := New(cfg, id, zap.NewNop(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }() // ended by stop
		return state, func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	hub, stopHub := start(identity.Member{Node: "hub", County: "c1", Role: identity.Hub},
		&config.Config{Listen: config.Listen{QUIC: quic}})
	school, stopSchool := start(identity.Member{Node: "s1", County: "c1", Role: identity.School, School: "s1"},
		&config.Config{Parents: []config.Parent{{Address: quic}}})
	really(t, "the hub knows the school", func() bool {
		r, ok := ask(hub)
		return ok && len(r.Nodes) == 2 && len(r.Links) == 1 && len(r.Alarms) == 0 && r.Role == "hub"
	})
	really(t, "the school is content", func() bool {
		r, ok := ask(school)
		return ok && len(r.Nodes) == 1 && len(r.Links) == 1 && len(r.Alarms) == 0 && r.Role == "school"
	})
	stopHub()
	really(t, "the school has its alarms", func() bool {
		r, ok := ask(school)
		codes := make(map[string]bool)
		for _, a := range r.Alarms {
			codes[a.Code] = true
		}
		return ok && codes["no_link"] && codes["no_directory"]
	})
	stopSchool()
	if _, ok := ask(school); ok {
		t.Error("it answers after its end")
	}
}

// ask reads the report at a node's socket.
func ask(state string) (r Report, ok bool) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", StatusSocket(state))
		},
		DisableKeepAlives: true,
	}}
	resp, err := client.Get("http://node/status")
	if err != nil {
		return r, false
	}
	defer func() { _ = resp.Body.Close() }()
	return r, json.NewDecoder(resp.Body).Decode(&r) == nil
}
