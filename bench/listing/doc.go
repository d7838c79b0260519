// Package listing measures the directory of a county: many schools, each with a few
// feeds, at one hub machine.
//
//	this process                              one of its own
//	500 schools: a QUIC connection each ────▶ hub (classrelay serve)
//	hub-b: a second machine of the county ◀── route
//	city: the level above                 ◀── leaf link
//
// The connections are real ones on loopback, with certificates, hellos, time exchange and
// announcements as a school's; what a school has beside that, cameras and viewers, is left
// out. What the directory has heard is read at hub-b and at the city, which hear it from
// the hub: so the times are those at which others know. Memory and CPU time are the hub's
// alone.
package listing
