package main

import (
	"os"
	"runtime/debug"
)

// collectAt is how much the heap of a node grows, in percent of what lives, before
// it is collected. A hub's live heap is small, two seconds of every camera and some
// 50 KB a link, and it allocates every packet it sends; with Go's own 100 a tenth of
// its CPU time goes into collecting. It costs some 30 MB with a hundred links.
const collectAt = 400

// tuneMemory sets the collector for a process that sends, unless the operator has
// (GOGC).
func tuneMemory() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
}
