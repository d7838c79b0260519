package lesson

import (
	"cmp"
	"math"
	"slices"

	"github.com/classrelay/classrelay/internal/rendezvous"
)

// Machine is a hub machine that lessons can meet on.
type Machine struct {
	Name string
	// Capacity weighs machines against each other. 0 means 1.
	Capacity int
	// Lessons that meet there now.
	Lessons int
	// Draining machines take no new lessons.
	Draining bool
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
		list = append(list, ranked{m.Name, m.Draining, float64(m.weight()) * rendezvous.Rank(class, m.Name)})
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
	by := make(map[string]Machine, len(machines))
	weights, lessons := 0, 1 // with the new one
	for _, m := range machines {
		by[m.Name] = m
		lessons += m.Lessons
		if !m.Draining {
			weights += m.weight()
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

func (m Machine) weight() int { return max(m.Capacity, 1) }
