// Package scenario measures the product on named bad lines and gives a verdict.
//
// From file to verdict:
//
//	file      a scenario in YAML: the lines, how long, the rules; strictly read
//	Play      one run with one seed: the chain of package chain in real time,
//	          watched until the time is up
//	watch     what the run shows while it goes on: layer, repair, the lines
//	Figures   the run in numbers, each with a name that rules can use
//	Bench     all seeds of all scenarios; a run whose emulator was late is repeated
//	Report    per rule the median and the worst seed, and the verdict
//
// A rule is met when every seed meets it: the worst seed is what is judged. The
// median stands beside it, to tell bad luck from a bad product.
//
// The emulator is part of the same machine. How late its packets left is a figure
// like the others (emulator_late_p99), and a run in which it was late or lost
// packets of its own says nothing about the product: it is marked, and played once
// more, alone.
package scenario
