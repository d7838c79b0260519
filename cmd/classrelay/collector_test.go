package main

import "testing"

func TestOnlyALargeHeapIsGivenRoom(t *testing.T) {
	const mb = 1 << 20
	percent := ownPercent
	for _, step := range []struct {
		live uint64
		want int
	}{{0, 100}, {12 * mb, 100}, {17 * mb, 400}, {12 * mb, 400}, {9 * mb, 100}, {12 * mb, 100}} {
		if percent = percentFor(percent, step.live); percent != step.want {
			t.Errorf("%d MB live: %d %%, want %d", step.live/mb, percent, step.want)
		}
	}
	if live := liveHeap(); live > 1<<40 {
		t.Errorf("%d bytes live", live)
	}
}
