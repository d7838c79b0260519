// Package egress measures what it costs to send: how many Mbit/s of media leave
// per core over QUIC as the product sends it, beside plain UDP and RTSP over TCP,
// in the same run.
//
// Each run is two processes. The receiver dials so many connections, each on a
// socket of its own, and throws away what comes, as cheaply as it can. The sender
// gives every connection a picture each 40 ms, all at once, as a hub does with one
// camera and many schools. Only the sender's CPU time counts, user and system, as
// the kernel has it (getrusage(2)); the loopback interface charges it with the
// receiver's soft interrupts too, so the figures are lower bounds. All UDP receivers
// let the kernel put packets together (UDP_GRO), the product's and the plain ones:
// on loopback the kernel then never cuts a batch, which spares the sender, plain UDP
// with GSO most of all.
//
// The modes, cheapest first:
//
//	gso    one system call for a whole picture (UDP_SEGMENT): what the kernel can do
//	udp    one system call a packet
//	quic   the product: a roq.Session per connection, full packets, batches
//	naive  the same connections with datagrams of 1200 bytes, which never batch
//	rtsp   RTSP over TCP, interleaved, by gortsplib's server
//
// Rounds go through all modes in turn and back again, so that what else the
// machine does hits all alike. Compare within a run only.
package egress
