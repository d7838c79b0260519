package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// UnreachableError says what a host does that answers no QUIC.
type UnreachableError struct {
	Address string
	// TCP is what the same port does over TCP: "answers", "refuses" or "is silent
	// too".
	TCP string
	// Closed tells that the host said that nobody listens on the UDP port (ICMP
	// port unreachable, RFC 792).
	Closed bool
}

// What a port does over TCP.
const (
	tcpAnswers = "answers"
	tcpRefuses = "refuses"
	tcpSilent  = "is silent too"
)

// Error says it in an operator's words.
func (e *UnreachableError) Error() string {
	_, port, _ := net.SplitHostPort(e.Address) // it was dialled
	switch {
	case e.Closed:
		return fmt.Sprintf("nothing answers at %s (UDP): the host is up and says that nobody listens on UDP port %s: "+
			"does the node run, and is that its listen.quic?", e.Address, port)
	case e.TCP == tcpSilent:
		return fmt.Sprintf("nothing answers at %s (UDP), and TCP port %s %s: is the address right, the host up, "+
			"the line there?", e.Address, port, e.TCP)
	}
	return fmt.Sprintf("nothing answers at %s (UDP): UDP port %s is blocked or nobody listens; "+
		"the host is there, TCP port %s %s: open UDP port %s on the way, or start the node",
		e.Address, port, port, e.TCP, port)
}

// examineWithin bounds each attempt: a TCP connection is there after a round trip
// or, when its first packet was lost, after one second more.
const examineWithin = 3 * time.Second

// examine finds out what a host does that answers no QUIC.
func (n Network) examine(ctx context.Context, address string) error {
	e := &UnreachableError{Address: address, TCP: tcpAnswers}
	dial := n.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
		e.Closed = refusesUDP(ctx, address)
	}
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	conn, err := dial(ctx, "tcp", address)
	switch {
	case err == nil:
		_ = conn.Close() // nothing was said on it
	case errors.Is(err, syscall.ECONNREFUSED):
		e.TCP = tcpRefuses
	default:
		e.TCP = tcpSilent
	}
	return e
}

// refusesUDP asks a UDP port with one byte: a host that is up and has nobody there
// says so, unless a firewall forbids it to.
func refusesUDP(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte{0}); err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	_, err = conn.Read(make([]byte, 1))
	return errors.Is(err, syscall.ECONNREFUSED)
}
