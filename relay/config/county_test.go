package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCountyKeysThatCannotWorkAreNamed(t *testing.T) {
	const base = "node: hub\nidentity: pki/hub\n"
	for name, tt := range map[string]struct{ text, words string }{
		"no identity":         {"node: hub\ncounty: {name: c1}\n", "identity: a node of a county needs one"},
		"a name with a slash": {base + "county: {name: a/b}\n", "county.name"},
		"a role that is none": {base + "county: {role: king}\n", `unknown role "king"`},
		"a CA at a school":    {base + "listen: {quic: ':1'}\ncounty: {role: school, ca: pki}\n", "a school lets nobody join"},
		"a CA without a port": {base + "county: {ca: pki}\n", "nobody can join here"},
		"a hub without port":  {base + "county: {hubs: [10.0.0.2]}\n", `county.hubs[0]: "10.0.0.2" is not HOST:PORT`},
		"above without host":  {base + "county: {above: [':1']}\n", `county.above[0]: ":1" is not HOST:PORT`},
		"a name to listen on": {base + "county: {listen: 'hub.example:1'}\n", "county.listen"},
		"hubs, no listen":     {base + "county: {hubs: ['10.0.0.2:1']}\n", "county.listen: the machines of a county"},
		"a school with hubs":  {base + "county: {role: school, above: ['10.0.0.2:1']}\n", "county.above: a school finds"},
		"the last port":       {base + "county: {listen: ':65535'}\n", "county.listen: port 65535 is the last"},
		"a broken pattern":    {base + "county: {share: ['[']}\n", "county.share[0]"},
		"a layer of sound":    {base + "county: {share: [{feeds: 'a/*', layer: audio}]}\n", `county.share[0].layer: unknown layer`},
		"a share of nothing":  {base + "county: {share: [{layer: sub}]}\n", "county.share[0]"},
		"an unknown key":      {base + "county: {town: c1}\n", `unknown key "town"`},
	} {
		_, err := Parse("hub.yaml", []byte(tt.text), Source{})
		if err == nil || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, want %q", name, err, tt.words)
		}
	}
}

func TestTheStateIsBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                "", // no county, no state
		"{name: c1}":      filepath.Join(dir, "state"),
		"{state: x}":      filepath.Join(dir, "x"),
		"{state: /var/x}": "/var/x",
	} {
		file := filepath.Join(dir, "node.yaml")
		yaml := "node: hub\nidentity: pki/hub\n"
		if text != "" {
			yaml += "county: " + text + "\n"
		}
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file, Source{})
		if err != nil || c.County.State != want {
			t.Errorf("%s: %q, %v; want %q", text, c.County.State, err, want)
		}
	}
}

func TestACountyWaitsForARestart(t *testing.T) {
	a, b := &Config{Node: "hub"}, &Config{Node: "hub", County: County{Name: "c1"}}
	if d := Diff(a, b); !slices.Equal(d.Restart, []string{"county"}) {
		t.Errorf("%+v", d)
	}
	if out, err := a.Effective(); err != nil || strings.Contains(string(out), "county") {
		t.Errorf("a site from files alone shows %s, %v", out, err)
	}
}
