package main

import "testing"

func TestOnlyAHubIsGivenRoom(t *testing.T) {
	percent := ownPercent
	for _, step := range []struct{ links, want int }{{0, 100}, {7, 100}, {8, 400}, {5, 400}, {3, 100}, {6, 100}} {
		if percent = percentFor(percent, step.links); percent != step.want {
			t.Errorf("%d links: %d %%, want %d", step.links, percent, step.want)
		}
	}
}
