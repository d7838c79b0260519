// Command classrelay carries a classroom's picture and sound from its camera to
// the schools that watch it.
//
//	classrelay serve       run a node: a hub, a branch, or one in between
//	classrelay check       read a configuration and show what would be in force
//	classrelay ca          the county's certificates: init, issue
//	classrelay token       codes with which machines join: add, list
//	classrelay join        make this machine a node, with a code
//	classrelay revoke      shut a node out
//	classrelay user hash   the stored form of a viewer's password
//	classrelay class       who watches whom in a class of several schools
//	classrelay doctor      what will spoil lessons on this machine, and what to do
//	classrelay audit       who did what on this machine: verify, list
//	classrelay promote     make this hub the writer of the county
//	classrelay probe       measure the line to a node before a lesson
//	classrelay camera      an RTSP camera for tests
//	classrelay demo        the whole chain on one machine
//
// There is one file per subcommand. The exit status is 0 when all went well, 1
// when something was checked and found wanting, 2 when the command could not do
// its work, 3 when it was called wrongly.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
