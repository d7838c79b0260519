package doctor

import (
	"net/netip"
	"time"
)

// Facts are what is known of a machine and of what its node reaches. What is not known is
// nil or empty, and no finding comes of it.
type Facts struct {
	Processors int
	// AES tells whether the processor has instructions for AES-GCM; nil: not known.
	AES *bool
	// Governor is how the processor's clock is set (cpufreq), as "powersave".
	Governor string
	// Load is the load average of the last minute.
	Load *float64

	// The most that a UDP socket may buffer, in bytes (net.core.rmem_max, wmem_max).
	ReadBuffer, WriteBuffer *int

	// Synchronised tells whether something keeps the clock right (adjtimex).
	Synchronised *bool

	// Files is how many files and sockets the process may open.
	Files *uint64
	// Free is the room left on the disk of the node's folder, in bytes.
	Free *uint64

	// CertificateEnds is when the node's certificate does; zero: it has none.
	CertificateEnds time.Time

	Ports   []Port
	Parents []Parent
}

// Port is one that the configuration wants.
type Port struct {
	Key     string // as listen.quic
	Network string // udp or tcp
	Address string
	// Taken says who has it, in the system's words; empty: it is free.
	Taken string
}

// Parent is a node that this one dials.
type Parent struct {
	Address string
	// ResolveErr is why the name has no address, and Resolved how long the answer took.
	ResolveErr string
	Resolved   time.Duration
	Ways       []Way
}

// Way is one address of a parent and what came of dialling it.
type Way struct {
	Address netip.AddrPort
	Err     string        // empty: the handshake went well
	Took    time.Duration // until the handshake was over
	// MTU is the largest packet that the system knows to fit on the way; 0: not known.
	MTU int
}
