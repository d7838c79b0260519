package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/access"
)

// result is what a run of the program left.
type result struct {
	status   int
	out, err string
}

// program runs the program in-process, with a file as its standard input.
func program(t *testing.T, input string, args ...string) result {
	t.Helper()
	in := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(in, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out, errs bytes.Buffer
	status := run(args, terminal{in: f, out: &out, err: &errs})
	return result{status, out.String(), errs.String()}
}

// write makes a file in a new folder.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitStatus(t *testing.T) {
	plain := write(t, "plain.yaml", "node: hub\n")
	wrong := write(t, "wrong.yaml", "node: hub\nlisten: {quick: \":1\"}\nfeeds:\n  a: {}\n")
	foreign := write(t, "foreign.yaml", "node: hub\nidentity: no/such\nlisten: {quic: \":4433\"}\n")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // in the output, or in the complaint
	}{
		{"no command", nil, 0, "Available Commands"},
		{"help", []string{"--help"}, 0, "Available Commands"},
		{"help of a command", []string{"serve", "--help"}, 0, "SIGHUP"},
		{"the version", []string{"version"}, 0, "classrelay "},
		{"an unknown command", []string{"sevre"}, 3, `unknown command "sevre"`},
		{"an unknown command of ca", []string{"ca", "inti"}, 3, `unknown command "inti" for "classrelay ca"`},
		{"an unknown flag", []string{"serve", "--confg", "x"}, 3, "unknown flag: --confg"},
		{"an argument where none belongs", []string{"serve", "--config", plain, "x"}, 3, `unknown command "x"`},
		{"no configuration", []string{"serve"}, 3, `required flag(s) "config" not set`},
		{"a configuration that is not there", []string{"serve", "--config", "no.yaml"}, 2, "no such file"},
		{"serve a wrong configuration", []string{"serve", "--config", wrong}, 2, `wrong.yaml:2:10: listen: unknown key "quick"`},
		{"serve without the certificate", []string{"serve", "--config", foreign}, 2, "identity no/such: open no/such/cert.pem"},
		{"check a right configuration", []string{"check", "--config", plain}, 0, "node: hub"},
		{"check one that is not there", []string{"check", "--config", "no.yaml"}, 2, "no such file"},
		{"check a wrong configuration", []string{"check", "--config", wrong}, 1, `wrong.yaml:2:10: listen: unknown key "quick"`},
		{"check without the certificate", []string{"check", "--config", foreign}, 1, "classrelay ca issue --dir no --name such"},
		{"a certificate without a CA", []string{"ca", "issue", "--dir", t.TempDir(), "--name", "hub"}, 2, "classrelay ca init"},
		{"a camera that lives a moment", []string{"camera", "--listen", "127.0.0.1:0", "--for", "1ms"}, 0, ""},
		{"a camera with half a login", []string{"camera", "--login", "viewer"}, 3, "--login: it is not user:password"},
		{"a camera with an odd port", []string{"camera", "--udp", "8701"}, 3, "is odd"},
		{"a camera of two kinds", []string{"camera", "--clip", "a,b", "--synthetic", "h264"}, 3, "exclude each other"},
		{"a camera with a clip that is none", []string{"camera", "--clip", plain + "," + plain}, 3, "--clip: unusable clip"},
		{"a camera with an unknown codec", []string{"camera", "--synthetic", "av1"}, 3, `unknown codec "av1"`},
		{"a camera whose port is taken", []string{"camera", "--listen", "192.0.2.1:1"}, 2, "192.0.2.1:1"},
		{"an empty password", []string{"user", "hash", "--name", "li"}, 2, "the password is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := program(t, "", tt.args...)
			if r.status != tt.status {
				t.Errorf("exit status %d, want %d", r.status, tt.status)
			}
			where, other := r.out, r.err
			if tt.status != 0 {
				where, other = r.err, r.out
			}
			if !strings.Contains(where, tt.want) {
				t.Errorf("it says\n%s\nwant %q", where, tt.want)
			}
			if other != "" && tt.args[0] != "camera" { // which logs
				t.Errorf("on the other output: %s", other)
			}
		})
	}
}

func TestCertificatesFromNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	for _, args := range [][]string{
		{"ca", "init", "--dir", dir},
		{"ca", "issue", "--dir", dir, "--name", "hub", "--host", "10.77.0.1", "--host", "hub.example.org"},
		{"ca", "issue", "--dir", dir, "--name", "hub", "--renew"},
	} {
		if r := program(t, "", args...); r.status != 0 {
			t.Fatalf("%v: %d %s", args, r.status, r.err)
		}
	}
	for _, name := range []string{"cert.pem", "key.pem", "ca.pem"} {
		if _, err := os.Stat(filepath.Join(dir, "hub", name)); err != nil {
			t.Error(err)
		}
	}
	if r := program(t, "", "ca", "issue", "--dir", dir, "--name", "hub"); r.status != 2 ||
		!strings.Contains(r.err, "will not be replaced") {
		t.Errorf("a second issue: %d %s", r.status, r.err)
	}
	if r := program(t, "", "ca", "init", "--dir", dir); r.status != 2 || !strings.Contains(r.err, "will not be replaced") {
		t.Errorf("a second init: %d %s", r.status, r.err)
	}
}

func TestCheckFindsTheCertificateOfAnotherNode(t *testing.T) {
	dir := t.TempDir()
	program(t, "", "ca", "init", "--dir", filepath.Join(dir, "pki"))
	program(t, "", "ca", "issue", "--dir", filepath.Join(dir, "pki"), "--name", "school")
	path := filepath.Join(dir, "hub.yaml")
	if err := os.WriteFile(path, []byte("node: hub\nidentity: pki/school\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := program(t, "", "check", "--config", path)
	if r.status != 1 || !strings.Contains(r.err, `"hub"`) || !strings.Contains(r.err, `"school"`) {
		t.Errorf("%d %s", r.status, r.err)
	}
}

func TestUserHashCanBePastedAndLogsIn(t *testing.T) {
	r := program(t, "geheim\nnot read\n", "user", "hash", "--name", "li", "--may", "watch,push")
	if r.status != 0 {
		t.Fatal(r.err)
	}
	var pasted struct{ Users []access.User }
	if err := yaml.UnmarshalWithOptions([]byte(r.out), &pasted, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.out, "geheim") || len(pasted.Users) != 1 || len(pasted.Users[0].May) != 2 {
		t.Errorf("printed\n%s", r.out)
	}
	path := write(t, "hub.yaml", "node: hub\n"+r.out)
	if r := program(t, "", "check", "--config", path); r.status != 0 {
		t.Errorf("pasted into a configuration: %s", r.err)
	}
	if r := program(t, "x\n", "user", "hash", "--name", "li", "--may", "fly"); r.status != 2 ||
		!strings.Contains(r.err, `unknown right "fly"`) {
		t.Errorf("an unknown right: %d %s", r.status, r.err)
	}
}

func TestCompletionKnowsTheFlags(t *testing.T) {
	r := program(t, "", "completion", "bash")
	if r.status != 0 || !strings.Contains(r.out, "bash completion") {
		t.Errorf("%d %s", r.status, r.err)
	}
	r = program(t, "", "__complete", "user", "hash", "--may", "")
	if !strings.Contains(r.out, "watch\npush\nadmin\n") {
		t.Errorf("completion of --may: %q", r.out)
	}
}

func TestEveryCommandSaysWhatItDoes(t *testing.T) {
	eachCommand(newRoot(terminal{in: os.Stdin, out: &bytes.Buffer{}, err: &bytes.Buffer{}}), func(c *cobra.Command) {
		if inner(c) {
			return
		}
		if c.Short == "" {
			t.Errorf("%s has no description", c.CommandPath())
		}
		if !c.HasSubCommands() && c.Name() != "version" && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
	})
}

// inner tells whether a command is the program's own: hidden, or below one that is.
func inner(c *cobra.Command) bool {
	for ; c != nil; c = c.Parent() {
		if c.Hidden {
			return true
		}
	}
	return false
}
