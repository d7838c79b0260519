package capacity

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Step is how much load there is.
type Step struct {
	Cameras int `json:"cameras"`
	Schools int `json:"branches"`
	Viewers int `json:"viewers"`
}

// Streams is how many pictures leave the hub at that step: one for each camera and
// school, and one for each camera that is watched at the school of the viewers.
func (s Step) Streams() int { return s.Cameras * s.links() }

// links is how many schools the hub feeds, that of the viewers included.
func (s Step) links() int {
	if s.Viewers > 0 {
		return s.Schools + 1
	}
	return s.Schools
}

// Ramp is a row of steps that differ in their schools only, few first: when a rule
// breaks, the rest is not played.
type Ramp []Step

// Ramps makes the ramps of all combinations, schools above most left out.
func Ramps(cameras, schools, viewers []int, most int) ([]Ramp, error) {
	for name, v := range map[string][]int{"cameras": cameras, "branches": schools} {
		if slices.ContainsFunc(v, func(n int) bool { return n < 1 }) {
			return nil, fmt.Errorf("--%s: it is below 1", name)
		}
	}
	if slices.ContainsFunc(viewers, func(n int) bool { return n < 0 }) {
		return nil, errors.New("--viewers: it is below 0")
	}
	schools = slices.Clone(schools)
	slices.Sort(schools)
	var ramps []Ramp
	for _, c := range cameras {
		for _, v := range viewers {
			var r Ramp
			for _, s := range slices.Compact(schools) {
				if s <= most {
					r = append(r, Step{Cameras: c, Schools: s, Viewers: v})
				}
			}
			if len(r) > 0 {
				ramps = append(ramps, r)
			}
		}
	}
	if len(ramps) == 0 {
		return nil, errors.New("--branches: all steps are above --max-branches")
	}
	return ramps, nil
}

// ParseCounts reads a list such as "1,10,50".
func ParseCounts(s string) ([]int, error) {
	var counts []int
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil {
			return nil, fmt.Errorf("%q is not a list of numbers such as 1,10,50", s)
		}
		counts = append(counts, n)
	}
	return counts, nil
}
