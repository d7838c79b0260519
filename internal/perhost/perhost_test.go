package perhost

import (
	"net/netip"
	"testing"
	"time"
)

func TestEveryHostHasABucketOfItsOwn(t *testing.T) {
	b := Buckets{Burst: 3, Every: time.Second, Most: 100}
	now := time.Unix(1_700_000_000, 0)
	one, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for i := range 3 {
		if !b.Take(now, one) {
			t.Fatalf("nothing left after %d", i)
		}
	}
	if b.Left(now, one) || b.Take(now, one) {
		t.Error("a fourth one")
	}
	if !b.Take(now, other) {
		t.Error("the other host has nothing")
	}
	if mapped := netip.MustParseAddr("::ffff:10.0.0.1"); b.Left(now, mapped) {
		t.Error("the same host written as IPv6 has a bucket of its own")
	}
	now = now.Add(time.Second)
	if !b.Take(now, one) || b.Take(now, one) {
		t.Error("after a second not exactly one has come back")
	}
	now = now.Add(time.Hour)
	taken := 0
	for b.Take(now, one) {
		taken++
	}
	if taken != 3 {
		t.Errorf("after an hour it holds %d, want 3", taken)
	}
}

func TestAHostOfIPv6IsItsNetwork(t *testing.T) {
	b := Buckets{Burst: 1, Every: time.Second, Most: 100}
	now := time.Unix(1_700_000_000, 0)
	b.Take(now, netip.MustParseAddr("2001:db8::1"))
	if b.Take(now, netip.MustParseAddr("2001:db8::2")) {
		t.Error("another address of the same /64 has a bucket of its own")
	}
	if !b.Take(now, netip.MustParseAddr("2001:db8:0:1::1")) {
		t.Error("another /64 has none")
	}
}

func TestManyHostsAreForgotten(t *testing.T) {
	b := Buckets{Burst: 5, Every: time.Minute, Most: 64}
	now := time.Unix(1_700_000_000, 0)
	worst := netip.MustParseAddr("192.0.2.1")
	for b.Take(now, worst) {
	}
	for i := range 10_000 {
		b.Take(now, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if len(b.full) > b.Most {
		t.Errorf("%d hosts are remembered", len(b.full))
	}
	if b.Left(now, worst) {
		t.Error("the one that did the most is forgotten")
	}
}
