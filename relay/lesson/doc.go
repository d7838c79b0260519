// Package lesson knows who watches whom in a class. A class has rooms, one a node; one
// of them is the main school, which all others watch, and one may have the floor, which
// is what the main school watches. Any room may become the main school while the class
// runs.
//
// So each node shows one feed of a class at a time, and never its own: no room ever
// hears itself. Players ask for it under one name, "class/ID", and stay connected
// whoever is the main school (package relay joins the feeds).
//
// What is known of a class is a register that the last word wins: nodes tell each other
// the whole of it on every change and every five seconds, as they do with feeds. Those
// that have the class in their configuration may change it, any of them, so that a
// class goes on when a hub is dead; two changes at the same moment are ordered by the
// names of the nodes that made them, the same everywhere.
//
// Book is a core: no lock, no clock; the node guards it.
package lesson
