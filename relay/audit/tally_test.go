package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/store"
)

func refused(at time.Time, actor, from string) store.Event {
	return store.Event{
		At: at, Actor: actor, Source: from, Action: "handshake.refuse", Object: "hub", Result: "another CA signed it",
	}
}

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func TestTheSameIsWrittenOnceAndThenCounted(t *testing.T) {
	var tally Tally
	if e, ok := tally.Refused(noon, refused(noon, "s1", "10.0.0.1:1000")); !ok || e.Source != "10.0.0.1:1000" {
		t.Fatal("the first is not written at once")
	}
	var last time.Time
	for i := range 59 {
		last = noon.Add(time.Duration(i+1) * time.Second)
		if _, ok := tally.Refused(last, refused(last, "s1", fmt.Sprintf("10.0.0.1:%d", 2000+i))); ok {
			t.Fatal("the same from another port is written again")
		}
		if got := tally.Due(last); len(got) > 0 {
			t.Fatal("written before the minute is over", got)
		}
	}
	got := tally.Due(noon.Add(time.Minute))
	if len(got) != 1 || !got[0].At.Equal(last) || got[0].Result != "59 times within a minute, the last one: another CA signed it" {
		t.Fatalf("%+v", got)
	}
	late := noon.Add(90 * time.Second)
	tally.Refused(late, refused(late, "s1", "10.0.0.1:1"))
	if got = tally.Due(noon.Add(2 * time.Minute)); len(got) != 1 || got[0].Result != "another CA signed it" {
		t.Fatalf("one in the next minute: %+v", got)
	}
	if got = tally.Due(noon.Add(3 * time.Minute)); len(got) != 0 {
		t.Fatalf("none in the third: %+v", got)
	}
	if _, ok := tally.Refused(noon.Add(time.Hour), refused(noon, "s1", "10.0.0.1:1")); !ok {
		t.Error("an hour later it is not written at once")
	}
}

func TestNodesAddressesAndReasonsAreToldApart(t *testing.T) {
	var tally Tally
	for _, e := range []store.Event{
		refused(noon, "s1", "10.0.0.1:1"),
		refused(noon, "s2", "10.0.0.1:1"),
		refused(noon, "s1", "10.0.0.2:1"),
		{At: noon, Actor: "s1", Source: "10.0.0.1:1", Action: "feed.refuse"},
	} {
		if _, ok := tally.Refused(noon, e); !ok {
			t.Errorf("%+v is not written", e)
		}
	}
}

// Somebody who makes up names: each refusal is in the log, and the log stays small.
func TestAFloodIsCountedAndDoesNotFillTheDisk(t *testing.T) {
	const a, second = 100, 3600
	var tally Tally
	var entries []store.Event
	for s := range second {
		now := noon.Add(time.Duration(s) * time.Second)
		for i := range a {
			actor, from := fmt.Sprintf("stranger-%d-%d", s, i), fmt.Sprintf("10.%d.%d.%d:1", s%250, s/250, i)
			if i%2 == 0 {
				actor, from = fmt.Sprintf("dull-%d", i), "10.0.0.1:1"
			}
			if e, ok := tally.Refused(now, refused(now, actor, from)); ok {
				entries = append(entries, e)
			}
		}
		entries = append(entries, tally.Due(now)...)
		if len(tally.open) > mostOpen {
			t.Fatalf("%d are counted by themselves", len(tally.open))
		}
	}
	entries = append(entries, tally.Rest()...)
	if most := burst + 14*60 + mostOpen; len(entries) > most {
		t.Errorf("%d entries in an hour, at most %d are wanted", len(entries), most)
	}
	told := 0
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Result, "%d", &n); err != nil {
			n = 1
		}
		told += n
	}
	if told != a*second {
		t.Errorf("the log tells of %d refusals, there were %d", told, a*second)
	}
	t.Logf("%d entries for %d refusals", len(entries), a*second)
}

func TestWhatIsLeftAtTheEndIsTold(t *testing.T) {
	var tally Tally
	for range 3 {
		tally.Refused(noon, refused(noon, "s1", "10.0.0.1:1"))
	}
	for i := range 2 * burst {
		tally.Refused(noon, refused(noon, fmt.Sprintf("x%d", i), "10.0.0.1:1"))
	}
	got := tally.Rest()
	if len(got) != 2 || !strings.HasPrefix(got[0].Result, "2 times") || got[1].Action != More ||
		!strings.HasPrefix(got[1].Result, "31 more refusals") {
		t.Errorf("%+v", got)
	}
	if again := tally.Rest(); len(again) != 0 {
		t.Errorf("twice: %+v", again)
	}
}
