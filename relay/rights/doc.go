// Package rights says what a node at the other end of a link may give and may have.
//
// What a node may give follows from its certificate: a school gives feeds that are named
// after it, everybody else hands on what others gave. The room that a class has at a node
// may come from there too, whatever its name. What a node may have is everything, unless
// the operator writes less. Both can be written for a node, for a school with all its
// machines, and for all others, under peers in the configuration.
//
// It is asked at each link, and so at each hop: a hub that withholds a feed from a school
// does not announce it there, and refuses it to a school that asks all the same.
//
// Rights is a core: no lock, no clock; the node guards it.
package rights
