// Package flood sends a hub what strangers on the internet send it, while a lesson runs
// there, and tells what the lesson notices.
//
// There are two kinds of strangers. Knockers send first packets of QUIC handshakes, as
// many as asked for, and answer nothing, as somebody does who forges addresses; the
// packets are real ones, made beforehand. Dialers carry every handshake as far as they
// get, with a certificate of another county, from many addresses.
package flood
