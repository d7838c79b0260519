package netem

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseTraceNamesTheLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing in it", "# only this\n\n", "there is no row in it"},
		{"three columns", "1 2 3\n", "line 1: 3 columns"},
		{"one column after two", "0 5\n# a remark\n7\n", "line 3: 1 columns"},
		{"a word", "0 5\nten 5\n", `line 2: "ten" is not a time in seconds`},
		{"not a number", "0 NaN\n", `line 1: "NaN" is not a rate`},
		{"a rate below nothing", "0 -1\n", `line 1: "-1" is not a rate`},
		{"a late beginning", "1 5\n", "line 1: the first row is at 1s"},
		{"back in time", "0 5\n2 5\n1 5\n", "line 3: 1s is not a millisecond or more after"},
		{"half a millisecond", "12\n12.5\n", `line 2: "12.5" is not a whole number of milliseconds`},
		{"packets back in time", "12\n11\n", "line 2: 11 ms is before the row above"},
		{"packets of no time", "0\n0\n", "it has less than 1000 bit/s"},
		{"next to nothing", "0 0\n1 0.000001\n", "it has less than 1000 bit/s"},
		{"longer than a week", "604800001\n", "line 1: 168h0m0.001s"},
	} {
		_, err := ParseTrace([]byte(c.text))
		if e := (*TraceError)(nil); !errors.As(err, &e) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestATraceOfRatesIsPlayedOverAndOver(t *testing.T) {
	trace, err := ParseTrace([]byte("# seconds Mbit/s\n0 8\n10 4\r\n20  0\n"))
	if err != nil {
		t.Fatal(err)
	}
	var p Profile
	trace.On(&p)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   time.Duration
		rate int64
	}{{0, 8e6}, {9 * time.Second, 8e6}, {10 * time.Second, 4e6}, {29 * time.Second, 1}, {30 * time.Second, 8e6}, {41 * time.Second, 4e6}} {
		if rate, _ := p.rateAt(c.at); rate != c.rate {
			t.Errorf("%v: %d bit/s, want %d", c.at, rate, c.rate)
		}
	}
}

// turnsOf is a profile that plays a trace of packets.
func turnsOf(t *testing.T, ms ...int) Profile {
	t.Helper()
	var text strings.Builder
	for _, m := range ms {
		fmt.Fprintln(&text, m)
	}
	trace, err := ParseTrace([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	var p Profile
	trace.On(&p)
	return p
}

// leaving pushes packets of these sizes, headers included, at a time and returns the
// milliseconds at which they come out.
func leaving(t *testing.T, p Profile, at time.Duration, sizes ...int) (ms []int64) {
	t.Helper()
	start := time.Unix(0, 0)
	l, err := New[int](p, 1, start)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sizes {
		l.Push(start.Add(at), s-WireOverhead, i)
	}
	for next := l.Next(); !next.IsZero(); next = l.Next() {
		if _, ok := l.Pop(next); ok {
			ms = append(ms, next.Sub(start).Milliseconds())
		}
	}
	return ms
}

func TestPacketsLeaveInTurns(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    time.Duration
		sizes []int
		want  []int64
	}{
		{"one for each turn", 0, []int{1500, 1500, 1500}, []int64{5, 5, 20}},
		{"two small ones share one", 0, []int{700, 700, 700}, []int64{5, 5, 5}},
		{"the third no longer fits into one turn", 6 * time.Millisecond, []int{700, 700, 700}, []int64{20, 20, 25}},
		{"a turn with nobody there is lost", 10 * time.Millisecond, []int{1500, 1500}, []int64{20, 25}},
		{"at the very moment", 20 * time.Millisecond, []int{1500}, []int64{20}},
		{"all begins anew at the last one", 20 * time.Millisecond, []int{1500, 1500, 1500, 1500}, []int64{20, 25, 25, 40}},
	} {
		if got := leaving(t, turnsOf(t, 5, 5, 20), c.at, c.sizes...); !slices.Equal(got, c.want) {
			t.Errorf("%s: at %v ms, want %v", c.name, got, c.want)
		}
	}
}

func FuzzParseTrace(f *testing.F) {
	for _, s := range []string{"0 5\n10 0\n", "1\n1\n7\n", "# x\n", "0 1e6\n0.001 0", "604800000", "0 5 5", "9223372036854775807\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		trace, err := ParseTrace(text)
		if err != nil {
			return
		}
		var p Profile
		trace.On(&p)
		start := time.Unix(0, 0)
		l, err := New[int](p, 1, start)
		if err != nil {
			t.Fatalf("a trace that was read makes no profile: %v", err)
		}
		for i := range 10 {
			l.Push(start.Add(time.Duration(i)*time.Second), 1400, i)
		}
		for last, next := start, l.Next(); !next.IsZero(); last, next = next, l.Next() {
			if next.Before(last) {
				t.Fatalf("%v after %v", next, last)
			}
			l.Pop(next)
		}
		if s := l.Stats(); s.Delivered+s.LostQueue != 10 {
			t.Errorf("%d came out and %d did not enter, of 10", s.Delivered, s.LostQueue)
		}
	})
}
