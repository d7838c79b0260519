package relay

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestHowOldRecordsMayBecome(t *testing.T) {
	const day = 24 * time.Hour
	began := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	var f freshness
	now := began
	look := func(what string, follows, turned, stale bool) {
		t.Helper()
		if got := f.look(now, follows); got != turned || f.stale != stale {
			t.Errorf("%s, after %s: turned %t, stale %t", what, now.Sub(began), got, f.stale)
		}
	}
	f.begin(now, time.Time{})
	if !f.due() {
		t.Error("nothing is on the disk, and nothing is to be")
	}
	f.kept = f.since
	for ; now.Before(began.Add(7*day - time.Minute)); now = now.Add(time.Minute) {
		look("each minute", true, false, false)
	}
	now = began.Add(7*day - time.Nanosecond)
	look("a moment before", true, false, false)
	now = began.Add(7 * day)
	look("a week", true, true, true)
	now = now.Add(30 * day)
	look("a month more", true, false, true)
	look("it becomes the writer", false, true, false)
	look("it is that no more", true, true, true)
	f.answered(now)
	look("a hub has answered", true, true, false)
	if !f.due() {
		t.Error("the disk has what is a month old")
	}
	f.kept = f.since
	f.answered(now.Add(keepEvery - time.Second))
	if f.due() {
		t.Error("the disk is troubled before an hour is over")
	}

	f.begin(now, now.Add(-8*day))
	look("it was off for eight days and has just started", true, false, false)
	now = now.Add(judgeEvery)
	look("a minute later", true, true, true)
	f.begin(now, now.Add(-6*day))
	now = now.Add(day)
	look("six days off and one on", true, true, true)
	f.begin(now, now.Add(365*day))
	now = now.Add(7*day - time.Second)
	look("the disk has a time to come, of a wrong clock", true, false, false)
	now = now.Add(time.Second)
	look("a week after that start", true, true, true)
}

// stale is what a machine has said of its records, and whether it has an alarm.
func (p *planning) stale(name string) (said, fresh int, alarm bool) {
	log := p.said[name]
	return log.FilterMessageSnippet("no hub has answered for the county's records since").Len(),
		log.FilterMessage("the county's records are up to date again").Len(),
		slices.ContainsFunc(p.nodes[name].Report().Alarms, func(a ReportAlarm) bool { return a.Code == "records_stale" })
}

// A machine is cut off for a week, most of which it is switched off: nobody could wait for
// a week of packets, and what the disk has must count.
func TestWhoHearsOfNoHubForAWeekSaysSo(t *testing.T) {
	for _, tt := range []struct {
		name, who string
		writer    string // which hub writes after it is healed
	}{
		{"a school, and the hub is back", "s1", "hub-a"},
		{"the second hub, and the first is back", "hub-b", "hub-a"},
		{"the second hub, which becomes the writer", "hub-b", "hub-b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlanning(t)
				p.apply("hub-a", rooms("s1/room-1"))
				p.up(tt.who)
				heard := time.Now() // it was asked within the second that up waits
				p.close(tt.who, "hub-a")
				time.Sleep(7*24*time.Hour - 3*time.Minute)
				p.up(tt.who)
				expect := func(what string, said, fresh int, alarm bool) {
					t.Helper()
					if s, f, a := p.stale(tt.who); s != said || f != fresh || a != alarm {
						t.Errorf("%s: %d times stale, %d times fresh, alarm %t", what, s, f, a)
					}
				}
				time.Sleep(time.Until(heard.Add(7*24*time.Hour - time.Minute)))
				expect("a minute before a week is over", 0, 0, false)
				time.Sleep(3 * time.Minute)
				expect("two minutes after", 1, 0, true)
				time.Sleep(3 * time.Minute)
				expect("five minutes after", 1, 0, true)
				running := []string{tt.who}
				if tt.writer != tt.who {
					p.up(tt.writer)
					running = append(running, tt.writer)
				} else if _, err := p.beside[tt.who].Promote(t.Context(), "test"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(judgeEvery + time.Second)
				expect("healed", 1, 1, false)
				if s, _, a := p.stale(tt.writer); tt.writer == "hub-a" && (s > 0 || a) {
					t.Error("the writer takes its own records for stale")
				}
				p.end(running...)
			})
		})
	}
}
