package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/relay/identity"
)

func TestRightsOfPeersThatCannotBeAreNamed(t *testing.T) {
	const base = "node: hub\nidentity: pki/hub\n"
	for name, tt := range map[string]struct{ text, words string }{
		"a name with a slash":   {"peers: {a/b: {watch: [x]}}", "node.yaml:3:9: peers.a/b"},
		"the node itself":       {"peers: {hub: {watch: [x]}}", "peers.hub: this is the node itself"},
		"an empty list":         {"peers: {s1: {watch: []}}", "peers.s1.watch: the list is empty"},
		"nothing and more":      {"peers: {s1: {publish: [nothing, x]}}", "peers.s1.publish: nothing stands alone"},
		"no feed":               {"peers: {s1: {watch: ['a b']}}", "peers.s1.watch: \"a b\" is no feed: write NAME, SCHOOL/*"},
		"a mistyped key":        {"peers: {s1: {wacth: [x]}}", "unknown key \"wacth\" (known here: publish, watch)"},
		"a word in place of it": {"peers: {s1: {watch: x}}", "a list is wanted here"},
	} {
		_, err := Parse("node.yaml", []byte(base+tt.text+"\n"), Source{})
		if err == nil || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, want %q", name, err, tt.words)
		}
	}
}

func TestRightsOfPeersAreReadPrintedAndReloaded(t *testing.T) {
	const text = hub + `
classes: {maths: {main: s1, hubs: [hub], rooms: {s1: s1/a, s2: room-9}}}
peers:
  "*": {watch: [class/*]}
  s3: {publish: [nothing]}
`
	c := mustParse(t, text)
	s2 := c.Rights().Of(identity.Member{Node: "s2", Role: identity.School, School: "s2"})
	if !s2.MayHave("s1/a") || s2.MayHave("s3/a") || !s2.MayGive("room-9", false) {
		t.Error("the rights are not those that are written")
	}
	out, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	back, err := parse(string(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if d := Diff(c, back); !d.None() {
		t.Errorf("read back it differs: %+v\n%s", d, out)
	}
	less := mustParse(t, strings.Replace(text, "nothing", "s3/a", 1))
	if d := Diff(c, less); !slices.Equal(d.Live, []string{"peers"}) || len(d.Restart) > 0 {
		t.Errorf("%+v", d)
	}
}
