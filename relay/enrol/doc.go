// Package enrol lets machines into a county, and keeps their certificates good.
//
// An operator makes a join code on the machine with the county's CA (`classrelay token
// add`); a teacher types it in at the school (`classrelay join CODE`). The code says
// where the hubs are, which CA they must be of, and a secret that is good once, for a
// day, for one school and one role:
//
//	Code            core    hubs, pin and token as letters a person can read out
//	Ask, Answer     core    the two messages, one each way on a stream
//	Decide*         core    who may have which certificate, told the time
//	Desk            shell   answers at the machine with the CA
//	Join            shell   asks with a code, and sets the machine up
//	Plan            core    when to renew, and when to raise the alarm
//	Renewer         shell   renews while the node runs
//
// It all travels on the UDP port of the media, as QUIC connections of their own with
// the protocols classrelay-join/1 (no certificate yet, the hub is checked against the
// code) and classrelay-renew/1 (mutual TLS; a certificate that has expired less than 30
// days ago will do). What a certificate says is decided by who signs it: of a request
// only the key is read.
package enrol
