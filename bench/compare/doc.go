// Package compare measures classrelay beside other ways to carry a camera to a
// school: the same source, the same emulated line, the same seed, the same viewer.
//
// From file to table:
//
//	Peer     a small YAML: the programs at both ends, their files, what to view
//	place    one end of the line, a network namespace; programs and sockets start there
//	process  one program of a peer, watched: a dead one tells its last words
//	play     one run: line, camera, the peer's programs, viewer
//	Bench    every scenario, seed and peer in turn, so that a busy minute of the
//	         machine hits all of them
//	Table    a row for each scenario and peer, and in words where a peer is better
//
// classrelay is a peer like the others here: two processes of the program with
// configurations and certificates of their own. Camera and viewer are the bench's
// for all of them, in this process, with their sockets in the namespaces. What a
// viewer sees is judged by the stamp in each frame (package stamp), which every
// relay carries that does not transcode.
//
// The line is a router between the namespaces (package netem), so TCP and SRT have
// to live with it just as QUIC has. Its own lateness is a column of the table.
package compare
