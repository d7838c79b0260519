package lesson

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func machines(n int) []Machine {
	list := make([]Machine, n)
	for i := range list {
		list[i].Name = fmt.Sprintf("hub-%c", 'a'+i)
	}
	return list
}

func TestOrderIsTheSameForAll(t *testing.T) {
	list := machines(5)
	want := Order("k8842", list)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := Order("k8842", list); !slices.Equal(got, want) {
			t.Fatalf("%v, and from another list %v", want, got)
		}
	}
	// It must not change with the version: half a county may be updated.
	if want := []string{"hub-a", "hub-e", "hub-b", "hub-d", "hub-c"}; !slices.Equal(Order("k8842", machines(5)), want) {
		t.Errorf("%v, and was %v", Order("k8842", machines(5)), want)
	}
}

func TestADeadMachineMovesItsOwnLessonsOnly(t *testing.T) {
	all := machines(4)
	left := slices.DeleteFunc(machines(4), func(m Machine) bool { return m.Name == "hub-b" })
	moved := 0
	for i := range 1000 {
		class := fmt.Sprint("k", i)
		before, after := Order(class, all), Order(class, left)
		if before[0] == "hub-b" {
			moved++
			if after[0] != before[1] {
				t.Fatalf("%s: %v, then %s: not its standby", class, before, after[0])
			}
		} else if after[0] != before[0] {
			t.Fatalf("%s moved from %s to %s", class, before[0], after[0])
		}
	}
	if moved < 200 || moved > 300 {
		t.Errorf("%d of 1000 lessons were on one of four machines", moved)
	}
}

func TestOrderWeighsWithCapacity(t *testing.T) {
	list := machines(2)
	list[1].Capacity = 3
	first := 0
	for i := range 4000 {
		if Order(fmt.Sprint("k", i), list)[0] == "hub-b" {
			first++
		}
	}
	if first < 2880 || first > 3120 {
		t.Errorf("%d of 4000 on the machine with three quarters of the capacity", first)
	}
}

func TestMachinesThatDrainComeLast(t *testing.T) {
	list := machines(3)
	list[0].Draining = true
	for i := range 100 {
		if o := Order(fmt.Sprint("k", i), list); o[2] != "hub-a" || len(o) != 3 {
			t.Fatal(o)
		}
		if Place(fmt.Sprint("k", i), list) == "hub-a" {
			t.Fatal("a new lesson on a machine that drains")
		}
	}
	for i := range list {
		list[i].Draining = true
	}
	if Place("k", list) == "" {
		t.Error("all drain, and the lesson is nowhere")
	}
	if Place("k", nil) != "" || len(Order("k", nil)) != 0 {
		t.Error("a lesson without machines")
	}
}

// Whatever comes in whatever order, no machine is more than a quarter above its share,
// and one lesson.
func TestPlaceKeepsTheCap(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	for range 100 {
		list := machines(1 + rng.IntN(5))
		weights := 0
		for i := range list {
			list[i].Capacity = 1 + rng.IntN(4)
			weights += list[i].Capacity
		}
		for lesson := range 200 {
			name := Place(fmt.Sprint("k", rng.IntN(1000)), list)
			i := slices.IndexFunc(list, func(m Machine) bool { return m.Name == name })
			list[i].Lessons++
			if most := math.Ceil(1.25 * float64((lesson+1)*list[i].Capacity) / float64(weights)); float64(list[i].Lessons) > most {
				t.Fatalf("seed %d: %s has %d of %d lessons, at most %.0f", seed, name, list[i].Lessons, lesson+1, most)
			}
		}
	}
}
