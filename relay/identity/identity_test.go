package identity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// county makes a CA and an identity per name.
func county(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := initCA(dir, time.Now().Add(-365*day)); err != nil { // so that it can have signed what has expired
		t.Fatal(err)
	}
	for _, n := range names {
		if err := Issue(dir, n); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustLoad(t *testing.T, dir string) *Identity {
	t.Helper()
	id, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wantError checks that an error says all of the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestIssue(t *testing.T) {
	dir := county(t, "hub")
	id := mustLoad(t, filepath.Join(dir, "hub"))
	if id.Name() != "hub" {
		t.Errorf("name %q, want hub", id.Name())
	}
	left := time.Until(id.NotAfter())
	if left > nodeLife || left < nodeLife-time.Minute {
		t.Errorf("the certificate is good for %s, want 90 days", left)
	}
	for _, key := range []string{filepath.Join(dir, caKeyFile), filepath.Join(dir, "hub", keyFile)} {
		s, err := os.Stat(key)
		if err != nil {
			t.Fatal(err)
		}
		if s.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", key, s.Mode().Perm())
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	dir := county(t, "hub")
	wantError(t, InitCA(dir), "ca.pem is there already")
	wantError(t, Issue(dir, "hub"), "issue hub", "there already", "--renew")
	wantError(t, Issue(dir, "../hub"), "bad node name")
	wantError(t, Issue(dir, ".."), "bad node name")
	wantError(t, Issue(dir, "a/b"), "bad node name")
	wantError(t, Issue(t.TempDir(), "hub"), "no CA in", "classrelay ca init --dir")
	wantError(t, Renew(dir, "school"), "renew school", "not there", "leave --renew out")
}

func TestRenewKeepsKeyAndHosts(t *testing.T) {
	dir := county(t)
	past := time.Now().Add(-80 * day)
	if err := issue(dir, Member{Node: "hub"}, []string{"hub.example", "10.77.0.1", "2001:db8::1"}, past); err != nil {
		t.Fatal(err)
	}
	id := mustLoad(t, filepath.Join(dir, "hub"))
	before := id.current.Load().cert
	if err := Renew(dir, "hub"); err != nil {
		t.Fatal(err)
	}
	if err := id.Reload(); err != nil {
		t.Fatal(err)
	}
	after := id.current.Load().cert
	if !after.Leaf.NotAfter.After(before.Leaf.NotAfter.Add(79 * day)) {
		t.Errorf("renewed until %s, was until %s", after.Leaf.NotAfter, before.Leaf.NotAfter)
	}
	if got := strings.Join(HostsOf(after.Leaf), " "); got != "hub.example 10.77.0.1 2001:db8::1" {
		t.Errorf("hosts after renewal: %q", got)
	}
	if got := strings.Join(id.Hosts(), " "); got != "hub.example" {
		t.Errorf("names after renewal: %q", got)
	}
	if err := Renew(dir, "hub", "other.example"); err != nil {
		t.Fatal(err)
	}
	if got := HostsOf(mustLoad(t, filepath.Join(dir, "hub")).current.Load().cert.Leaf); got[0] != "other.example" {
		t.Errorf("hosts after renewal with others: %q", got)
	}
}

func TestNothingOutlivesTheCA(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-caLife + 30*day)
	if err := initCA(dir, old); err != nil {
		t.Fatal(err)
	}
	if err := Issue(dir, "hub"); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(mustLoad(t, filepath.Join(dir, "hub")).NotAfter()); left > 30*day {
		t.Errorf("the node's certificate is good for %s, the CA's for 30 days", left)
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	copyFile := func(t *testing.T, to, from string) {
		t.Helper()
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string) // dir holds hub and school
		words []string
	}{
		{"no certificate", func(t *testing.T, dir string) {
			t.Helper()
			_ = os.Remove(filepath.Join(dir, "hub", certFile))
		}, []string{"cert.pem", "classrelay ca issue --dir", "--name hub"}},
		{"no key", func(t *testing.T, dir string) {
			t.Helper()
			_ = os.Remove(filepath.Join(dir, "hub", keyFile))
		}, []string{"key.pem", "classrelay ca issue"}},
		{"the key of another node", func(t *testing.T, dir string) {
			t.Helper()
			copyFile(t, filepath.Join(dir, "hub", keyFile), filepath.Join(dir, "school", keyFile))
		}, []string{"key.pem does not belong to cert.pem"}},
		{"the CA of another county", func(t *testing.T, dir string) {
			t.Helper()
			copyFile(t, filepath.Join(dir, "hub", caFile), filepath.Join(county(t), caFile))
		}, []string{"another CA signed it", "classrelay ca init"}},
		{"a key in place of the certificate", func(t *testing.T, dir string) {
			t.Helper()
			copyFile(t, filepath.Join(dir, "hub", certFile), filepath.Join(dir, "hub", keyFile))
		}, []string{"cert.pem", `PEM block "CERTIFICATE"`}},
		{"a certificate that is no node's", func(t *testing.T, dir string) {
			t.Helper()
			copyFile(t, filepath.Join(dir, "hub", certFile), filepath.Join(dir, caFile))
		}, []string{"names no node"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := county(t, "hub", "school")
			id := mustLoad(t, filepath.Join(dir, "hub"))
			tt.spoil(t, dir)
			_, err := Load(filepath.Join(dir, "hub"))
			wantError(t, err, tt.words...)
			if id.Reload() == nil || id.Name() != "hub" {
				t.Error("a reload of it does not keep the old identity")
			}
		})
	}
}
