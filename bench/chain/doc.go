// Package chain is the whole product on one machine, from camera to viewer, over
// real sockets on the loopback interface:
//
//	camera → hub → line → node → line → … → branch → viewer
//
// Each line is an emulated one (package netem) between two nodes, so a chain of
// n lines has n+1 nodes: one line is a hub and a branch, three are a cascade from
// the county down to a school. The demonstration and the bench share it, and what
// one shows the other measures.
package chain
