// Package feedback is what the receiving end of a link tells the sending end:
// which packets came and when, and which ones it needs repair for.
//
// A report is one datagram on a flow of its own, made every 20 ms and at once
// when something is missing. Every report repeats the arrivals of the last
// 60 ms, so that losing two in a row loses nothing; a request for repair is in
// the report made for it, in a second one 2 ms later, and in the next regular
// one. Requests carry a number, so the sender answers each once.
//
// Recorder builds reports at the receiver. Ledger, at the sender, knows when each
// packet left and turns a report into Results: sent, arrived or lost, size. Only
// what really left is in the ledger; a packet that the sender dropped in its own
// queue can never look like loss on the link. Both are cores: told the time,
// not safe for concurrent use.
package feedback
