// Package capacity finds out how much one hub carries: it adds schools until a rule
// breaks, and says which rule, and what was the limit.
//
// The hub is a process of its own, started from this very program as an operator
// would (classrelay serve), so that its CPU time and memory are told apart from
// those of the load. The load is this process:
//
//	cameras   RTSP servers; the hub pulls each once
//	schools   links that speak the product's own protocol and ask for every camera:
//	          they repair, they report, they throw the packets away (School)
//	viewers   at one more school that is a whole node; they check every frame
//
// A step is a number of each. The ramp holds it for a while, measures, and judges
// (Judge); the schools of a step stay for the next one. The cores are the arithmetic
// of a step (Figures), the rules (Broken), and who is to blame (Limit); the shells
// are Hub, School and Run.
package capacity
