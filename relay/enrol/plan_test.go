package enrol

import (
	"testing"
	"time"
)

const day = 24 * time.Hour

var issued = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

func TestACertificateIsRenewedFromDay30On(t *testing.T) {
	for _, luck := range []float64{0, 0.5, 1} {
		p := NewPlan(issued, issued.Add(90*day), luck, false)
		due := p.Next().Sub(issued)
		if want := 30*day + time.Duration(luck*float64(3*day)); due != want {
			t.Errorf("with luck %v it is due after %s, want %s", luck, due, want)
		}
	}
	a, b := luckOf("s001"), luckOf("s002")
	if a == b || a < 0 || a > 1 || a != luckOf("s001") {
		t.Errorf("two schools have luck %v and %v", a, b)
	}
}

func TestARenewalThatFailsIsTriedOnAndSaid(t *testing.T) {
	p := NewPlan(issued, issued.Add(90*day), 0, false)
	now := p.Next()
	said := map[Alarm]int{}
	tries, firstUrgent := 0, time.Duration(0)
	last := time.Duration(0)
	for now.Before(issued.Add(95 * day)) {
		alarm := p.Failed(now)
		said[alarm]++
		tries++
		if alarm == Urgent && firstUrgent == 0 {
			firstUrgent = now.Sub(issued)
		}
		last = p.Next().Sub(now)
		if last < retryMin || last > retryMax {
			t.Fatalf("after %d failures it waits %s", tries, last)
		}
		now = p.Next()
	}
	if said[First] != 1 {
		t.Errorf("the first failure is said %d times", said[First])
	}
	if said[Urgent] < 18 || said[Urgent] > 20 { // once a day for 19 days
		t.Errorf("the alarm is raised %d times in 19 days", said[Urgent])
	}
	if firstUrgent < 76*day || firstUrgent > 76*day+2*time.Hour {
		t.Errorf("the first alarm comes after %s, want 76 days", firstUrgent)
	}
	if last != retryMax {
		t.Errorf("at the end it tries every %s", last)
	}
	p.Renewed(now, now.Add(90*day))
	if p.Next() != now.Add(30*day) || p.Failed(p.Next()) != First {
		t.Error("after a success it does not begin anew")
	}
}

func TestACertificateThatPeopleRenewIsWatched(t *testing.T) {
	p := NewPlan(issued, issued.Add(90*day), 0.5, true)
	if p.Next() != issued.Add(76*day) {
		t.Errorf("looked at first on %s", p.Next())
	}
	p.Hurry(issued.Add(day))
	if p.Next() != issued.Add(76*day) {
		t.Error("a hub that refuses it hurries a person who is not there")
	}
	now := p.Next().Add(time.Second)
	for i := range 3 {
		if p.Failed(now) != Urgent {
			t.Errorf("on day %d nothing is said", i)
		}
		if p.Next() != now.Add(day) {
			t.Errorf("next on %s", p.Next())
		}
		now = p.Next()
	}
}

func TestAHubThatRefusesHurriesTheRenewal(t *testing.T) {
	p := NewPlan(issued, issued.Add(90*day), 0, false)
	now := issued.Add(day)
	p.Hurry(now)
	if !p.Next().Equal(now) {
		t.Fatalf("renewed on %s, not at once", p.Next())
	}
	p.Failed(now)
	next := p.Next()
	p.Hurry(now.Add(time.Second))
	if p.Next() != next {
		t.Error("it hurries every second")
	}
	for range 9 {
		p.Failed(p.Next())
	}
	late := p.Next().Add(-time.Minute)
	p.Hurry(late)
	if !p.Next().Equal(late) {
		t.Error("ten minutes later it does not hurry")
	}
}
