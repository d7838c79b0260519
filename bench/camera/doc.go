// Package camera is an RTSP camera for tests, for the demonstration and for the
// bench. It serves a main stream with sound and a sub stream, as classroom
// cameras do, or pushes them to a recorder's address (ANNOUNCE and RECORD), and
// it writes the truth into every frame (package stamp).
//
// From file to socket:
//
//	Source   an access unit for each layer and index: the embedded clip, looped
//	         without a seam, or synthetic NAL units of a given rate
//	film     which of them is next: a client that begins to play, or that asks by
//	         PLI, gets a key picture, as from a camera
//	beat     when the next picture or sound is due, on the camera's own clock
//	Camera   stamps the unit at the moment it goes out, cuts it into RTP packets
//	         and sends them as one burst
//	outlets  the RTSP server and the pushers
//
// The layers have the same frame numbers and begin with the same picture; a key
// picture that was asked for moves its own layer only. The number goes on over a
// reboot; the RTP timestamps begin anew.
//
// With ByClock the number is the time: picture N is sent at N x 40 ms of the UNIX clock
// and shows index N of its source, except between a key picture that was asked for and
// the next one of the film's own. Whoever reads the number burnt into the clip (N mod
// 200) from a screen then knows to 8 s when it was sent.
//
// With its hooks Listen and DialContext a camera runs inside a testing/synctest
// bubble, in virtual time.
package camera
