package directory

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
)

// Machine is a hub machine that lessons can meet on.
type Machine struct {
	Name string
	Load Load
}

// loadCap is how far above its fair share a machine may be loaded: a quarter. Less would
// move lessons for nothing, more would not spread a school's morning.
const loadCap = 1.25

// Order lists the machines for a class by rendezvous hashing weighted with capacity
// (Thaler and Ravishankar 1998; weights after Mosko, 2014): all who know the same machines
// make the same list without asking each other, and when one dies the lessons of the
// others stay. The first is where the class meets, the next is its standby. Machines that
// drain come last.
func Order(class string, machines []Machine) []string {
	type ranked struct {
		name     string
		draining bool
		score    float64
	}
	list := make([]ranked, 0, len(machines))
	for _, m := range machines {
		list = append(list, ranked{m.Name, m.Load.Draining, score(class, m)})
	}
	slices.SortFunc(list, func(a, b ranked) int {
		if a.draining != b.draining {
			if a.draining {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.name, b.name))
	})
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.name
	}
	return names
}

// Place is where a new lesson of a class meets: the first machine of its order that is
// not yet a quarter above its share of all lessons (Mirrokni et al. 2016, consistent
// hashing with bounded loads). It is asked once a lesson, and what it says is kept with
// the lesson. "" without machines.
func Place(class string, machines []Machine) string {
	order := Order(class, machines)
	by := make(map[string]Load, len(machines))
	weights, lessons := 0, 1 // with the new one
	for _, m := range machines {
		by[m.Name] = m.Load
		lessons += m.Load.Lessons
		if !m.Load.Draining {
			weights += m.Load.weight()
		}
	}
	for _, name := range order {
		l := by[name]
		if !l.Draining && float64(l.Lessons+1) <= math.Ceil(loadCap*float64(lessons*l.weight())/float64(weights)) {
			return name
		}
	}
	if len(order) == 0 {
		return ""
	}
	return order[0] // all drain, or those that do not are full: somewhere it must be
}

func (l Load) weight() int { return max(l.Capacity, 1) }

// score is -weight/ln(h) of a hash between 0 and 1.
func score(class string, m Machine) float64 {
	h := (float64(hash(class, m.Name)>>11) + 0.5) / (1 << 53)
	return -float64(m.Load.weight()) / math.Log(h)
}

// hash is the same on every machine and in every version. FNV's upper bits hardly move
// with its last byte, so they are mixed (the finalizer of MurmurHash3).
func hash(parts ...string) uint64 {
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
