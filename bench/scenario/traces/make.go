//go:build ignore

// Command make writes evening-5g.txt: two minutes of a made-up mobile cell in the
// evening, in seconds and Mbit/s. The rate wanders around 35 Mbit/s as neighbours come
// and go, and drops to a few Mbit/s for three seconds twice, when the cell is full. It
// is nobody's measurement. The same program makes the same trace:
//
//	go run make.go > evening-5g.txt
package main

import (
	"fmt"
	"math"
	"math/rand/v2"
)

const (
	seconds = 120
	middle  = 35.0 // Mbit/s
	memory  = 0.85 // of the second before
	spread  = 0.25 // of the logarithm, each second
	most    = 90.0
	least   = 12.0
)

func main() {
	random := rand.New(rand.NewPCG(5, 2026))
	fmt.Println("# A made-up 5G cell in the evening, by make.go: seconds, Mbit/s.")
	wander := 0.0
	for s := range seconds {
		wander = memory*wander + spread*random.NormFloat64()
		rate := min(most, max(least, middle*math.Exp(wander)))
		if s >= 35 && s < 38 || s >= 88 && s < 91 { // the cell is full
			rate = 6 + 2*random.Float64()
		}
		fmt.Printf("%d %.1f\n", s, rate)
	}
}
