package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay/doctor"
)

// A school's machine, with a hub that answers and one that does not.
func TestTheDoctorFindsTheParentThatDoesNotAnswer(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"ca", "init", "--dir", dir},
		{"ca", "issue", "--dir", dir, "--name", "hub"},
		{"ca", "issue", "--dir", dir, "--name", "school"},
	} {
		if r := program(t, "", args...); r.status != 0 {
			t.Fatal(r.err)
		}
	}
	quic, rtsp, nobody := freeport.Address(), freeport.Address(), freeport.Address()
	launch(t, "serve", "--config", file(t, dir, "hub.yaml", `
node: hub
identity: hub
listen: {quic: "%s", rtsp: "%s", rtp: "off"}
`, quic, rtsp))
	reachable(t, rtsp)
	school := file(t, dir, "school.yaml", `
node: school
identity: school
parents: ["%s", "%s"]
`, quic, nobody)
	r := program(t, "", "doctor", "--config", school, "--json")
	if r.status != statusFailed || !strings.Contains(r.err, "1 thing must be mended") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
	var findings []doctor.Finding
	if err := json.Unmarshal([]byte(r.out), &findings); err != nil {
		t.Fatal(err)
	}
	level := make(map[string]doctor.Level)
	for _, f := range findings {
		level[f.About] = f.Level
	}
	if level["parent "+quic] == doctor.Bad || level["parent "+nobody] != doctor.Bad || level["certificate"] != doctor.Good {
		t.Errorf("%+v", findings)
	}
	if r := program(t, "", "doctor"); r.status != statusOK {
		t.Errorf("without a configuration: status %d: %s", r.status, r.err)
	}
}
