package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/freeport"
)

// wait waits until the process has said something.
func (p *process) wait(words ...string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if said(p.said(), words) {
			return
		}
	}
	p.t.Fatalf("it has not said %q in one line", words)
}

// said tells whether a line has all the words.
func said(text string, words []string) bool {
	for line := range strings.Lines(text) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return true
		}
	}
	return false
}

// must runs the program in-process and returns what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := program(t, "", args...)
	if r.status != 0 {
		t.Fatalf("classrelay %s: status %d\n%s%s", strings.Join(args, " "), r.status, r.out, r.err)
	}
	return r.out
}

// townHall is the machine with the CA: its configuration, and where it listens.
func townHall(t *testing.T) (cfg, address string) {
	t.Helper()
	dir := t.TempDir()
	must(t, "ca", "init", "--dir", filepath.Join(dir, "pki"))
	must(t, "ca", "issue", "--dir", filepath.Join(dir, "pki"), "--name", "hub-a", "--county", "c1", "--role", "hub",
		"--host", "127.0.0.1")
	address, cfg = freeport.Address(), filepath.Join(dir, "hub.yaml")
	text := fmt.Sprintf("node: hub-a\nidentity: pki/hub-a\nlisten: {quic: %q}\ncounty: {ca: pki}\n", address)
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, address
}

// move gives a new node's configuration ports that nobody else on this machine has.
func move(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		`":8554"`, fmt.Sprintf("%q\n  rtp: \"off\"", freeport.Address()),
		`":8080"`, fmt.Sprintf("%q\n  webrtc: \"off\"", freeport.Address()),
		`"127.0.0.1:9090"`, fmt.Sprintf("%q", freeport.Address()),
	).Replace(string(b))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A school from nothing: a code, one command, and serve. Then it is shut out again.
func TestANewSchoolIsOneCommandAndACode(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	cfg, _ := townHall(t)
	hub := launch(t, "serve", "--config", cfg)
	hub.wait("node runs")
	code := must(t, "token", "add", "--config", cfg, "--school", "s012")

	dir := filepath.Join(t.TempDir(), "node")
	began := time.Now()
	join := launch(t, "join", "--dir", dir, strings.ToLower(strings.TrimSpace(code)))
	if err := join.cmd.Wait(); err != nil {
		t.Fatalf("join: %v\n%s", err, join.said())
	}
	config := filepath.Join(dir, "node.yaml")
	must(t, "check", "--config", config)
	move(t, config)
	school := launch(t, "serve", "--config", config)
	hub.wait("link up", `"peer": "s012"`)
	t.Logf("on the tree %s after join was called", time.Since(began).Round(time.Millisecond))

	if out := must(t, "token", "list", "--config", cfg); !strings.Contains(out, "used by s012") {
		t.Errorf("token list:\n%s", out)
	}
	again := program(t, "", "join", "--dir", t.TempDir(), code)
	if again.status != statusCannot || !strings.Contains(again.err, "used already") {
		t.Errorf("the code once more: status %d, %s", again.status, again.err)
	}
	if out := must(t, "revoke", "--config", cfg, "s012", "--reason", "stolen"); !strings.Contains(out, "shut out") {
		t.Errorf("revoke: %s", out)
	}
	hub.wait("link down", `"peer": "s012"`, "revoked")
	school.wait("refuses this one")
	hub.wait("node refused", "the certificate was revoked")
	state := filepath.Join(filepath.Dir(cfg), "state")
	must(t, "audit", "verify", "--state", state)
	log := must(t, "audit", "list", "--state", state)
	for _, action := range []string{"token.add", "token.use", "cert.issue", "token.refuse", "cert.revoke", "handshake.refuse"} {
		if !strings.Contains(log, action) {
			t.Errorf("the audit log has no %s:\n%s", action, log)
		}
	}
}

func TestCountyCommandsSayWhatIsWrong(t *testing.T) {
	cfg, _ := townHall(t)
	site := write(t, "site.yaml", "node: hub\n")
	good := strings.TrimSpace(must(t, "token", "add", "--config", cfg, "--school", "s012"))
	wrong := "0" + good[1:]
	if good[0] == '0' {
		wrong = "1" + good[1:]
	}
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		words  string
	}{
		{"a code with a mistake", []string{"join", wrong}, statusUsage, "group 1 (" + wrong[:5] + ") is mistyped"},
		{"half a code", []string{"join", good[:20]}, statusUsage, "bad join code"},
		{"a token where there is no CA", []string{"token", "add", "-c", site, "--school", "s1"}, statusCannot, "no county.ca"},
		{"a token for a school that is no name", []string{"token", "add", "-c", cfg, "--school", "a/b"}, statusCannot, "bad node name"},
		{"a token for a role that is none", []string{"token", "add", "-c", cfg, "--school", "a", "--role", "king"}, statusCannot, `unknown role "king"`},
		{"a token for a year", []string{"token", "add", "-c", cfg, "--school", "a", "--valid", "8760h"}, statusCannot, "not for 8760h"},
		{"a hub that cannot be dialled", []string{"token", "add", "-c", cfg, "--school", "a", "--hub", "0.0.0.0"}, statusCannot, "0.0.0.0"},
		{"nobody to shut out", []string{"revoke", "-c", cfg, "s099"}, statusFailed, "no certificate of a node s099"},
		{"a name that is none", []string{"revoke", "-c", cfg, "../x"}, statusUsage, "bad node name"},
	} {
		r := program(t, "", tt.args...)
		if r.status != tt.status || !strings.Contains(r.err, tt.words) {
			t.Errorf("%s: status %d, want %d; %q, want %q", tt.name, r.status, tt.status, r.err, tt.words)
		}
	}
	if out := must(t, "revoke", "-c", cfg, "hub-a"); !strings.Contains(out, "1 of its certificates") {
		t.Errorf("a node whose certificate was issued by hand: %s", out)
	}
}
