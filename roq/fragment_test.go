package roq

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// cut splits a datagram and returns the payloads of FragmentFlow.
func cut(t *testing.T, s *splitter, datagram []byte, limit int) [][]byte {
	t.Helper()
	var parts [][]byte
	err := s.split(datagram, limit, func(part []byte) error {
		if len(part) > limit {
			t.Errorf("part of %d bytes, limit %d", len(part), limit)
		}
		flow, payload, err := ParseDatagram(bytes.Clone(part))
		if err != nil || flow != FragmentFlow {
			t.Errorf("flow %d, %v", flow, err)
		}
		parts = append(parts, payload)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func numbered(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

func TestFragmentsInAnyOrderAndTwice(t *testing.T) {
	for _, tt := range []struct{ size, limit, parts int }{
		{DatagramSize, FallbackDatagramSize, 2},
		{FallbackDatagramSize + 1, FallbackDatagramSize, 2},
		{3, 1200, 2},
		{4000, 1200, 4},
		{8 * (300 - 5), 300, 8},
	} {
		t.Run(fmt.Sprintf("%d bytes in parts of %d", tt.size, tt.limit), func(t *testing.T) {
			want := numbered(tt.size)
			parts := cut(t, &splitter{}, want, tt.limit)
			if len(parts) != tt.parts {
				t.Fatalf("%d parts, want %d", len(parts), tt.parts)
			}
			var j joiner
			rnd := rand.New(rand.NewPCG(1, uint64(tt.size)))
			order := append(rnd.Perm(len(parts)), rnd.Perm(len(parts))...)
			whole := 0
			for _, i := range order {
				got, err := j.push(epoch, parts[i])
				if err != nil {
					t.Fatal(err)
				}
				if got != nil {
					whole++
					if !bytes.Equal(got, want) {
						t.Error("other bytes came out")
					}
				}
			}
			if whole == 0 {
				t.Error("never whole")
			}
		})
	}
}

func TestTooLargeForEightParts(t *testing.T) {
	s := &splitter{}
	err := s.split(make([]byte, 8*295+1), 300, func([]byte) error { t.Error("sent"); return nil })
	if !errors.Is(err, errNotSent) {
		t.Errorf("got %v", err)
	}
}

func TestJoinerForgets(t *testing.T) {
	t.Run("the oldest when 64 are unfinished", func(t *testing.T) {
		var s splitter
		var j joiner
		var first [][]byte
		for i := range joinGroups + 1 {
			parts := cut(t, &s, numbered(2000), 1200)
			if i == 0 {
				first = parts
			}
			if _, err := j.push(epoch, parts[0]); err != nil {
				t.Fatal(err)
			}
		}
		if j.incomplete != 1 || len(j.groups) != joinGroups || len(j.order) != joinGroups {
			t.Errorf("%d forgotten, %d kept", j.incomplete, len(j.groups))
		}
		if got, _ := j.push(epoch, first[1]); got != nil {
			t.Error("the forgotten one was put together")
		}
	})
	t.Run("after a second, so that an id used again starts afresh", func(t *testing.T) {
		var j joiner
		old := cut(t, &splitter{}, bytes.Repeat([]byte{1}, 2000), 1200)
		fresh := cut(t, &splitter{}, bytes.Repeat([]byte{2}, 2000), 1200)
		if _, err := j.push(epoch, old[0]); err != nil {
			t.Fatal(err)
		}
		later := epoch.Add(joinFor + time.Millisecond)
		if got, err := j.push(later, fresh[1]); got != nil || err != nil {
			t.Fatalf("a mixture of two datagrams came out (%v)", err)
		}
		if got, _ := j.push(later, fresh[0]); !bytes.Equal(got, bytes.Repeat([]byte{2}, 2000)) {
			t.Error("the new datagram was not put together")
		}
	})
}

func TestJoinerRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
	}{
		{"nothing", nil},
		{"a header without bytes", []byte{0, 1, 0, 2}},
		{"one part of one", []byte{0, 1, 0, 1, 9}},
		{"part two of two, counted from zero", []byte{0, 1, 2, 2, 9}},
		{"nine parts", []byte{0, 1, 0, 9, 9}},
		{"another count than before", []byte{0, 7, 1, 3, 9}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var j joiner
			if _, err := j.push(epoch, []byte{0, 7, 0, 2, 9}); err != nil {
				t.Fatal(err)
			}
			if _, err := j.push(epoch, tt.b); !errors.Is(err, ErrFraming) {
				t.Errorf("got %v, want ErrFraming", err)
			}
		})
	}
}

func FuzzJoiner(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 9}, []byte{0, 1, 1, 2, 8}, uint16(1))
	f.Add([]byte{0, 1, 0, 2}, []byte{0, 1, 7, 8, 8}, uint16(999))
	f.Fuzz(func(t *testing.T, a, b []byte, ms uint16) {
		var j joiner
		now := epoch
		for i := range 200 {
			part := a
			if i%2 == 1 {
				part = b
			}
			if i%7 == 0 && len(part) > 2 {
				part = bytes.Clone(part)
				part[1] += byte(i)
			}
			got, err := j.push(now, part)
			if err != nil && !errors.Is(err, ErrFraming) {
				t.Fatal(err)
			}
			if len(got) > maxParts*max(len(a), len(b)) {
				t.Fatalf("%d bytes out of parts of %d and %d", len(got), len(a), len(b))
			}
			if len(j.groups) != len(j.order) || len(j.groups) > joinGroups {
				t.Fatalf("%d groups, %d in order", len(j.groups), len(j.order))
			}
			now = now.Add(time.Duration(ms) * time.Millisecond / 10)
		}
	})
}
