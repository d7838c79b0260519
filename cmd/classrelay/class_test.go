package main

import (
	"strings"
	"testing"

	"github.com/classrelay/classrelay/internal/freeport"
)

func TestAClassIsListedAndTurned(t *testing.T) {
	dir := t.TempDir()
	http := freeport.Address()
	launch(t, "serve", "--config", file(t, dir, "hub.yaml", `
node: hub
listen: {http: "%s", webrtc: "off"}
classes:
  maths:
    main: yinshan
    rooms: {yinshan: yinshan/room, banpo: banpo/room, xihe: xihe/room}
`, http))
	reachable(t, http)
	at := "http://" + http
	if r := program(t, "", "class", "turn", "maths", "--main", "banpo", "--floor", "xihe", "--at", at); r.status != 0 {
		t.Fatal(r.err)
	}
	r := program(t, "", "class", "list", "--at", at)
	for _, want := range []string{
		"maths  banpo    xihe/room   main school",
		"maths  xihe     banpo/room  has the floor",
		"maths  yinshan  banpo/room",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no line %q in\n%s", want, r.out)
		}
	}
	if r := program(t, "", "class", "turn", "maths", "--main", "nobody", "--at", at); r.status != statusFailed ||
		!strings.Contains(r.err, `maths has no room "nobody"`) {
		t.Errorf("status %d: %s", r.status, r.err)
	}
	if r := program(t, "", "class", "list", "--at", "http://"+freeport.Address()); r.status != statusCannot ||
		!strings.Contains(r.err, "no node answers") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
}
