// Package fec makes and solves the parity that repairs lost RTP packets.
//
// A repair packet is one row of a systematic Reed–Solomon code over GF(256):
// the sum of the packets it covers, each multiplied by its own coefficient. The
// media packets themselves travel unchanged; whoever misses e of the packets
// that some rows cover needs e of the rows, any e, to get them back bit by bit.
// Each row can be made alone and at any time: the first row of a block is the
// same whether two or fifty follow, so "more parity later" is only "the next
// row".
//
// Coefficients are those of a Cauchy matrix, 1/(x+y) with the packet giving y
// and the row giving x. Every square part of such a matrix can be inverted, and
// no entry depends on how many packets or rows there are; nothing has to be
// built or cached per block size.
//
// # A repair packet is as long as the longest packet it covers
//
// Media packets fill a QUIC packet to the last byte, and so must repair
// packets, or they would neither fit nor leave in one batch with the media. Of
// the twelve bytes of the fixed RTP header (RFC 3550 §5.1) a receiver knows the
// SSRC from the flow and the sequence number from the packet's place in the
// row; of the timestamp it needs 24 bits. So the symbol of a packet is
//
//	byte 0, byte 1, timestamp (24 bits), everything from byte 12 on, 0x80
//
// which is six bytes shorter than the packet, and the header of a repair packet
// is six bytes long. The 0x80 ends the symbol; zeros fill it up to the longest
// of the row. It takes the place of a 16-bit length.
//
// What a row covers is in its header: K packets, Stride apart, from Base on.
// A frame of at most 96 packets is one such block; a longer one is split into
// blocks whose packets alternate, so that a burst of losses is shared out. Rows
// may also cover several frames, or part of one: to the solver a row is a row.
package fec
