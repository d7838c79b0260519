package access

import (
	"net/netip"
	"time"
)

const (
	// freeFailures are the failed logins an address may have in hand: a person
	// who mistypes, and a player that tries each of its passwords.
	freeFailures = 5
	// forgetAfter gives one failure back: a guesser gets 180 tries an hour.
	forgetAfter = 20 * time.Second
	// maxAddresses bounds the table. Beyond it the one that waits least is
	// forgotten, so an attacker with many addresses costs a fixed amount of
	// memory.
	maxAddresses = 1024
)

// penalties remembers failed logins by address. It is a core: it is told the
// time, and one goroutine at a time calls it. The zero value is ready for use.
type penalties struct {
	failed map[netip.Prefix]failures
}

// failures is what one address did.
type failures struct {
	// until is when all of them are forgotten. With n of them in hand that lies
	// n × forgetAfter ahead.
	until time.Time
	// last is the mark of the newest one.
	last mark
}

// mark stands for one login as it was sent.
type mark [32]byte

// wait is how long the address has to wait before its next login is looked at.
func (p *penalties) wait(now time.Time, addr netip.Addr) time.Duration {
	until := p.failed[network(addr)].until
	if until.Before(now) {
		return 0 // also where there is none
	}
	return max(0, until.Sub(now)-(freeFailures-1)*forgetAfter)
}

// repeats tells whether the address has just failed with this very login. Some
// players try a refused login again and again; that is no new guess.
func (p *penalties) repeats(addr netip.Addr, m mark) bool {
	f, ok := p.failed[network(addr)]
	return ok && f.last == m
}

// fail notes a failed login.
func (p *penalties) fail(now time.Time, addr netip.Addr, m mark) {
	if p.failed == nil {
		p.failed = make(map[netip.Prefix]failures)
	}
	key := network(addr)
	from := p.failed[key].until
	if from.Before(now) {
		from = now
	}
	p.failed[key] = failures{until: from.Add(forgetAfter), last: m}
	if len(p.failed) > maxAddresses {
		p.shrink(now)
	}
}

// forget takes back what an address failed: its owner knows the password.
func (p *penalties) forget(addr netip.Addr) { delete(p.failed, network(addr)) }

// shrink drops what is over, and the one nearest to it.
func (p *penalties) shrink(now time.Time) {
	var least netip.Prefix
	for key, f := range p.failed {
		if f.until.Before(now) {
			delete(p.failed, key)
			continue
		}
		if !least.IsValid() || f.until.Before(p.failed[least].until) {
			least = key
		}
	}
	if len(p.failed) > maxAddresses {
		delete(p.failed, least)
	}
}

// network is what counts as one address: an IPv6 host owns its /64.
func network(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // fails for an invalid address only
	return prefix
}
