package quantile

import (
	"testing"
	"time"
)

func TestSummaryIsRightToAMillisecond(t *testing.T) {
	var r Recent
	now := time.Unix(1000, 0)
	for i := range 100 {
		r.Add(now, time.Duration(i)*time.Millisecond+500*time.Microsecond)
	}
	got := r.Summary(now)
	want := Summary{
		N: 100, P50: 50 * time.Millisecond, P95: 95 * time.Millisecond, P99: 99 * time.Millisecond,
		Max: 99*time.Millisecond + 500*time.Microsecond,
	}
	if got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
}

func TestThePastIsForgotten(t *testing.T) {
	var r Recent
	now := time.Unix(1000, 0)
	r.Add(now, time.Second)
	now = now.Add(6 * time.Second)
	r.Add(now, time.Millisecond)
	if got := r.Summary(now); got.N != 2 || got.Max != time.Second {
		t.Fatalf("six seconds later: %+v", got)
	}
	now = now.Add(6 * time.Second)
	if got := r.Summary(now); got.N != 1 || got.Max != time.Millisecond {
		t.Fatalf("twelve seconds later: %+v", got)
	}
	if got := r.Summary(now.Add(time.Hour)); got != (Summary{}) {
		t.Fatalf("an hour later: %+v", got)
	}
}

func TestWhatIsBeyondTheBucketsStillCounts(t *testing.T) {
	var r Recent
	now := time.Unix(1000, 0)
	r.Add(now, time.Minute)
	r.Add(now, -time.Second)
	if got := r.Summary(now); got.N != 2 || got.Max != time.Minute || got.P99 != 2*time.Second {
		t.Fatalf("%+v", got)
	}
}

func BenchmarkAdd(b *testing.B) {
	var r Recent
	now := time.Unix(1000, 0)
	for b.Loop() {
		now = now.Add(time.Millisecond)
		r.Add(now, 20*time.Millisecond)
	}
}
