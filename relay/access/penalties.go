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
	// until is when all failures of an address are forgotten. With n of them in
	// hand that lies n × forgetAfter ahead.
	until map[netip.Prefix]time.Time
}

// wait is how long the address has to wait before its next login is looked at.
func (p *penalties) wait(now time.Time, addr netip.Addr) time.Duration {
	until := p.until[network(addr)]
	if until.Before(now) {
		return 0 // also where there is none
	}
	return max(0, until.Sub(now)-(freeFailures-1)*forgetAfter)
}

// fail notes a failed login.
func (p *penalties) fail(now time.Time, addr netip.Addr) {
	if p.until == nil {
		p.until = make(map[netip.Prefix]time.Time)
	}
	key := network(addr)
	from := p.until[key]
	if from.Before(now) {
		from = now
	}
	p.until[key] = from.Add(forgetAfter)
	if len(p.until) > maxAddresses {
		p.shrink(now)
	}
}

// forget takes back what an address failed: its owner knows the password.
func (p *penalties) forget(addr netip.Addr) { delete(p.until, network(addr)) }

// shrink drops what is over, and the one nearest to it.
func (p *penalties) shrink(now time.Time) {
	var least netip.Prefix
	for key, until := range p.until {
		if until.Before(now) {
			delete(p.until, key)
			continue
		}
		if !least.IsValid() || until.Before(p.until[least]) {
			least = key
		}
	}
	if len(p.until) > maxAddresses {
		delete(p.until, least)
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
