package directory

import (
	"testing"
	"time"
)

func TestBeat(t *testing.T) {
	b := beat{rate: 1000, burst: 3000, every: 5 * time.Second}
	now := start
	step := func(name string, after time.Duration, want bool) {
		t.Helper()
		now = now.Add(after)
		if got := b.due(now); got != want {
			t.Errorf("%s: due %t", name, got)
		}
	}
	step("at once", 0, true)
	b.sent(now, 500)
	step("not again", 0, false)
	step("until five seconds have passed", 5*time.Second-1, false)
	step("and then it is", 1, true)
	b.sent(now, 500)
	b.news(now)
	step("news wait a little for more", gather-1, false)
	step("and are told", 1, true)
	b.sent(now, 500)
	for range 6 { // 3000 bytes more than it had saved
		b.news(now)
		now = now.Add(gather)
		b.sent(now, 1000)
	}
	b.news(now)
	step("who has said too much waits", 2*time.Second, false)
	step("until it is earned", 2*time.Second, true)
}

func TestSubjects(t *testing.T) {
	id := ID{"c.1", "s.012"}
	s := subject("school", id, "ann")
	if s != "school.c~1.s~012.ann" {
		t.Errorf("%s", s)
	}
	if kind, got, err := writer(s); err != nil || got != id || kind != "school" {
		t.Errorf("%s, %v, %v", kind, got, err)
	}
	if _, _, err := writer("node.c1"); err == nil {
		t.Error("a subject without a node")
	}
	if got := all("school", "c.1", "ann"); got != "school.c~1.*.ann" {
		t.Errorf("%s", got)
	}
	if got := all("hub", "", "sum"); got != "hub.*.*.sum" {
		t.Errorf("%s", got)
	}
}
