package enrol

import "time"

const (
	// A certificate is renewed when a third of its life is over, day 30 of 90, so that a
	// school can be cut off for the two months of a summer; and within a thirtieth of it,
	// three days, so that schools that joined on one morning do not come at once.
	renewAfter = 3
	renewOver  = 30
	// alarmBefore is when it is said every day that a certificate runs out.
	alarmBefore = 14 * 24 * time.Hour
	alarmEvery  = 24 * time.Hour
	// After a failure the pause grows from retryMin to retryMax.
	retryMin = time.Minute
	retryMax = time.Hour
	// hurryEvery is how often a refusal by a hub is taken for a reason to renew at once.
	hurryEvery = 10 * time.Minute
)

// Plan says when a certificate is to be renewed, and when to raise the alarm. It is a
// core: it is told the time, by the county's clock, and belongs to one goroutine.
type Plan struct {
	expires time.Time
	next    time.Time
	// luck, from 0 to 1, is this node's place among those that joined with it.
	luck     float64
	byHand   bool
	failures int
	tried    time.Time // zero: not yet
	alarmed  time.Time
}

// NewPlan plans for a certificate. Luck, from 0 to 1, spreads nodes over time. A
// certificate that only people can renew (byHand) is watched, and nothing else.
func NewPlan(issued, expires time.Time, luck float64, byHand bool) *Plan {
	p := &Plan{luck: luck, byHand: byHand}
	p.Renewed(issued, expires)
	return p
}

// Renewed begins anew with another certificate.
func (p *Plan) Renewed(issued, expires time.Time) {
	life := expires.Sub(issued)
	p.expires, p.failures, p.tried, p.alarmed = expires, 0, time.Time{}, time.Time{}
	p.next = issued.Add(life/renewAfter + time.Duration(p.luck*float64(life/renewOver)))
	if p.byHand {
		p.next = expires.Add(-alarmBefore)
	}
}

// Next is when to renew.
func (p *Plan) Next() time.Time { return p.next }

// Hurry asks for a renewal now: a hub does not take the certificate, or its own looks
// expired, and the one with the CA knows what time it is.
func (p *Plan) Hurry(now time.Time) {
	if !p.byHand && (p.tried.IsZero() || now.Sub(p.tried) >= hurryEvery) && now.Before(p.next) {
		p.next = now
	}
}

// Alarm is what to say of a failed renewal.
type Alarm int

// The alarms.
const (
	Quiet  Alarm = iota // it has been said
	First               // the first failure since the last success
	Urgent              // the certificate runs out in less than 14 days, or has; once a day
)

// Failed notes that a renewal has failed, and plans the next try.
func (p *Plan) Failed(now time.Time) Alarm {
	p.failures++
	p.tried = now
	pause := retryMin << min(p.failures-1, 6)
	if p.byHand {
		pause = alarmEvery
	} else {
		pause = min(pause, retryMax) + time.Duration(p.luck*float64(min(pause, retryMax))/4)
	}
	p.next = now.Add(pause)
	if now.After(p.expires.Add(-alarmBefore)) && (p.alarmed.IsZero() || now.Sub(p.alarmed) >= alarmEvery) {
		p.alarmed = now
		return Urgent
	}
	if p.failures == 1 {
		return First
	}
	return Quiet
}
