// Package rendezvous lets all who know the same names choose the same one for a key,
// without asking each other: each name has a rank for the key, and the highest is it. When
// one goes away, only the keys that had chosen it choose anew (Thaler and Ravishankar, 1998).
package rendezvous

import (
	"hash/fnv"
	"math"
)

// Rank is how high a name stands for a key: -1/ln(h) of a hash between 0 and 1, above 0.
// Multiplied by a weight, a name is chosen in proportion to that (Mosko, 2014).
func Rank(key, name string) float64 {
	h := (float64(Hash(key, name)>>11) + 0.5) / (1 << 53)
	return -1 / math.Log(h)
}

// Hash is the same on every machine and in every version. FNV's upper bits hardly move
// with its last byte, so they are mixed (the finalizer of MurmurHash3).
func Hash(parts ...string) uint64 {
	f := fnv.New64a()
	for _, p := range parts {
		_, _ = f.Write([]byte(p + "\x00")) // a hash takes anything
	}
	x := f.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
