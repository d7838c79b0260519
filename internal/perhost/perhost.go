// Package perhost bounds how often each host may do something, in memory that does not
// grow with the number of hosts: a token bucket for every address, as
// golang.org/x/time/rate has one for all.
//
// Buckets is a core: it is told the time and belongs to whoever locks it.
package perhost

import (
	"net/netip"
	"time"
)

// Buckets has a bucket for every host that has drawn from one lately. Set the fields
// before the first call.
type Buckets struct {
	// Burst is how much a full bucket holds, and Every after how long one comes back.
	Burst int
	Every time.Duration
	// Most is how many hosts are remembered. Beyond it the one nearest to a full bucket
	// is forgotten, so that who comes from many addresses costs a fixed amount of memory.
	Most int

	// full is when each bucket will be full again; what is not here is full.
	full map[netip.Prefix]time.Time
}

// Left tells whether the host's bucket holds anything.
func (b *Buckets) Left(now time.Time, host netip.Addr) bool {
	return b.full[network(host)].Sub(now) <= time.Duration(b.Burst-1)*b.Every
}

// Take draws one from the host's bucket, and tells whether it held one.
func (b *Buckets) Take(now time.Time, host netip.Addr) bool {
	if !b.Left(now, host) {
		return false
	}
	if b.full == nil {
		b.full = make(map[netip.Prefix]time.Time)
	}
	key := network(host)
	from := b.full[key]
	if from.Before(now) {
		from = now
	}
	b.full[key] = from.Add(b.Every)
	if len(b.full) > b.Most {
		b.shrink(now)
	}
	return true
}

// shrink forgets the full ones, and the one nearest to it.
func (b *Buckets) shrink(now time.Time) {
	var nearest netip.Prefix
	for key, full := range b.full {
		if !full.After(now) {
			delete(b.full, key)
			continue
		}
		if !nearest.IsValid() || full.Before(b.full[nearest]) {
			nearest = key
		}
	}
	if len(b.full) > b.Most {
		delete(b.full, nearest)
	}
}

// network is what counts as one host: one of IPv6 has a /64 to itself.
func network(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr = addr.Unmap(); addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // fails for an invalid address only
	return prefix
}
