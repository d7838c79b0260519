package soak

import (
	_ "embed" // the scenario is a file, as all are

	"github.com/classrelay/classrelay/bench/scenario"
)

//go:embed rural-day.yaml
var ruralDay []byte

// RuralDay is the scenario that a soak plays unless told otherwise.
func RuralDay() (*scenario.Scenario, error) { return scenario.Parse("rural-day.yaml", ruralDay) }

// RealRules are those of a soak in real time.
//
// Outages alone cost half a per cent of the frames of RuralDay. A process that grows
// by a megabyte an hour lasts for years; one goroutine or descriptor in two hours is
// a leak, since nothing else changes their number over hours.
func RealRules() []Rule {
	return parsed(
		"good_in_300ms >= 98.5%", "broken_frames == 0", "faults == 0",
		"latency_p50_slope <= 0.5ms/h", "latency_p99_slope <= 1ms/h",
		"rss_slope <= 1MB/h", "heap_slope <= 0.5MB/h",
		"goroutines_slope <= 0.5/h", "fds_slope <= 0.5/h", "goroutines_left == 0", "fds_left == 0",
		"emulator_late_p99 <= 2ms",
	)
}

// VirtualRules are those of a soak in virtual time, which has neither sockets nor
// goroutines, and knows what is alive to the byte.
func VirtualRules() []Rule {
	return parsed(
		"good_in_300ms >= 95%", "broken_frames == 0", "faults == 0",
		"latency_p50_slope <= 0.5ms/h", "heap_slope <= 0.5MB/h",
	)
}

// parsed reads rules that are right; a test says so.
func parsed(texts ...string) (rules []Rule) {
	for _, s := range texts {
		if r, err := ParseRule(s); err == nil {
			rules = append(rules, r)
		}
	}
	return rules
}

// ParseRules reads a list, such as that of a command line.
func ParseRules(texts []string) (rules []Rule, err error) {
	for _, s := range texts {
		r, err := ParseRule(s)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}
