package quantile

import "cmp"

// Of is the given percentile, 1 to 100, of a list in ascending order: the smallest value
// with at least that share of all at or below it (nearest rank). Zero for an empty list.
func Of[T cmp.Ordered](sorted []T, percent int) T {
	if len(sorted) == 0 {
		var none T
		return none
	}
	return sorted[max(1, rank(len(sorted), percent))-1]
}

// rank counts from 1.
func rank[N int | uint64](n, percent N) N { return (n*percent + 99) / 100 }
