// Package county runs a whole county on one machine, without root: a province, a city,
// a county with two hubs, and schools, each node a process of its own, joined by
// emulated lines.
//
//	province ◀── city ◀─┬─ hub-a ◀─┬─ school-1 … school-6
//	                    └─ hub-b ◀─┘
//
// The lower node dials, as the arrows show; the machines above the schools have a TCP line
// for the directory beside the one for media, and a cut cuts both. Every school has a
// camera, a line to each hub, and a viewer as its classroom would have one; the city and
// the province look in. A script plays lessons, cuts and changes of the main school, and
// after each step the viewers say how long the picture was away.
//
// County owns the parts, Script is what happens to them, and Healing (a core) judges
// what a viewer saw.
package county
