// Package engine carries the directory's messages with NATS core: a server embedded in
// the node, and a client. Nothing is installed beside the node, and nothing but this
// package knows NATS, so that it could be another engine tomorrow.
//
//	a node alone     New without Listen: a server that only this process reaches
//	a school         Dial: a client over one stream of the link to its hub
//	a hub machine    New: Serve carries each school's stream; routes join the machines of
//	                 one county; leaf links lead to the level above
//	city, province   the same, with counties' leaf links coming in
//
// JetStream is off: the server stores nothing. Two accounts keep the levels apart: what a
// county says among its own is in the server's global account, and what its machines say
// to the level above is in another, which the leaf link joins with the global account up
// there. So no message passes a level that the directory did not write anew for it.
//
// Who may say what comes from certificates. A school's stream is part of a connection
// whose certificate was checked; its client must log in with that name, and with a secret
// that only the two ends of that very connection know (the TLS exporter value, RFC 9266).
// Routes and leaf links are TCP with mutual TLS.
package engine
