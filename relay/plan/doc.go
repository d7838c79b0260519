// Package plan turns what a county has planned into records, and back. An operator
// writes a plan as one file (config.Plan); the store keeps it as records with one owner
// each, hands every machine those it needs, and the node there reads from them what it
// runs with.
//
// # Records
//
//	school  SCHOOL               {}: there is one
//	camera  SCHOOL/ROOM/CAMERA   the keys of a feed; a feed SCHOOL/ROOM has "." for CAMERA
//	class   CLASS                the keys of a class
//	member  CLASS/SCHOOL         {}: the school takes part, so it gets the class's record
//
// The passwords in a camera's addresses are taken out of them and sealed by the store:
// reading a plan gives the store's mask in their place, and writing the mask back leaves
// the password as it is.
//
// Nothing in here is written by a stranger, but all of it may have come over a link: what
// cannot be read is named and left out, and the rest goes on.
package plan
