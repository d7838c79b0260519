package feedback

import "time"

// Limits of a report.
const (
	// MaxSize is the longest report in bytes: it fits a datagram on any path.
	MaxSize = 1200
	// MaxSpan is the most sequence numbers that one flow's arrivals span.
	MaxSpan = 4096
	// MaxRuns is the most runs in one request; what is missing beyond them is
	// asked for next time.
	MaxRuns = 48

	// Unit is the resolution of arrival times: fine enough to see a queue of one
	// packet at 80 Mbit/s, and a gap of up to 6 ms still takes one byte.
	Unit = 100 * time.Microsecond
)

// Report is one report, taken apart.
type Report struct {
	Number uint16        // counts the reports of a link
	Stamp  time.Duration // when it was made, in the receiver's own clock modulo 2³² µs
	Flows  []FlowReport
}

// FlowReport is what a report says about one flow.
type FlowReport struct {
	Flow     uint64
	Highest  uint16 // highest sequence number that came
	Received uint16 // packets that came since the flow began, modulo 2¹⁶, copies not counted
	// First and Highest bound the sequence numbers that Arrivals speaks of: what
	// is between them and not in Arrivals had not come.
	First    uint16
	Arrivals []Arrival // by ascending sequence number; empty if nothing came lately
	Requests []Request
}

// Arrival is one packet that came.
type Arrival struct {
	Seq uint16
	Age time.Duration // how long before Stamp, a multiple of Unit, never negative
}

// Request asks for repair of one flow.
type Request struct {
	ID   uint8 // counts the requests of the flow; a repeated one has the same
	Held uint8 // rows over these packets that the receiver already holds
	// Slack says what an open run does not complain about yet: packets that left
	// so shortly before they were due that they may still be on the way. Whole ms.
	Slack time.Duration
	Runs  []Run
}

// Run is N packets in a row that are missing, from Seq on. N = 0 is an open end:
// everything from Seq on that should have come by now; the receiver knows
// nothing of it.
type Run struct {
	Seq uint16
	N   uint8
}
