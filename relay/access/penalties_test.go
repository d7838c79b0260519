package access

import (
	"net/netip"
	"testing"
	"time"
)

func TestPenalties(t *testing.T) {
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	addr := netip.MustParseAddr("10.0.0.9")
	var p penalties
	steps := []struct {
		at   time.Duration
		fail bool
		want time.Duration
	}{
		{0, false, 0},
		{0, true, 0},
		{time.Second, true, 0},
		{2 * time.Second, true, 0},
		{3 * time.Second, true, 0},
		{4 * time.Second, true, 16 * time.Second}, // the fifth; one is given back at 20 s
		{19 * time.Second, false, time.Second},
		{20 * time.Second, false, 0},
		{20 * time.Second, true, 20 * time.Second},
		{time.Hour, false, 0},
		{time.Hour, true, 0},
	}
	for i, s := range steps {
		now := start.Add(s.at)
		if s.fail {
			p.fail(now, addr, mark{})
		}
		if got := p.wait(now, addr); got != s.want {
			t.Errorf("step %d at %s: waits %s, want %s", i, s.at, got, s.want)
		}
	}
	p.forget(addr)
	if len(p.failed) != 0 {
		t.Errorf("%d addresses are left, want none", len(p.failed))
	}
}

func TestPenaltiesCountAnIPv6NetworkAsOneAddress(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var p penalties
	for _, host := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5"} {
		p.fail(now, netip.MustParseAddr(host), mark{})
	}
	if p.wait(now, netip.MustParseAddr("2001:db8::6")) == 0 {
		t.Error("a host of the same /64 need not wait")
	}
	if p.wait(now, netip.MustParseAddr("2001:db8:1::1")) != 0 {
		t.Error("a host of another /64 waits")
	}
}

func TestPenaltiesStayBounded(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	guesser := netip.MustParseAddr("192.0.2.1")
	var p penalties
	for range freeFailures {
		p.fail(now, guesser, mark{})
	}
	addr := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxAddresses {
		p.fail(now, addr, mark{})
		addr = addr.Next()
	}
	if len(p.failed) > maxAddresses {
		t.Errorf("%d addresses are remembered, want at most %d", len(p.failed), maxAddresses)
	}
	if p.wait(now, guesser) == 0 {
		t.Error("the one who guessed most was forgotten first")
	}
}

func TestPenaltiesKnowTheLastFailure(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	addr, other := netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.8")
	var p penalties
	if p.repeats(addr, mark{}) {
		t.Error("an address without failures repeats one")
	}
	p.fail(now, addr, mark{1})
	p.fail(now, addr, mark{2})
	if !p.repeats(addr, mark{2}) || p.repeats(addr, mark{1}) || p.repeats(other, mark{2}) {
		t.Error("not just the last failure of that address counts as repeated")
	}
}
