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

func TestAPercentileOfAListIsOneOfItsValues(t *testing.T) {
	twenty := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	for _, tt := range []struct {
		name    string
		list    []int
		percent int
		want    int
	}{
		{"none", nil, 50, 0},
		{"one is every percentile", []int{7}, 1, 7},
		{"half of twenty", twenty, 50, 10},
		{"the 19th of 20", twenty, 95, 19},
		{"what falls between two is the higher", twenty, 96, 20},
		{"all", twenty, 100, 20},
		{"half of three", []int{1, 2, 3}, 50, 2},
	} {
		if got := Of(tt.list, tt.percent); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
