package roq

import (
	"errors"
	"sync/atomic"
	"syscall"
)

// passing forgives a socket the errors that pass. The library ends a connection when one
// packet cannot be sent. But a school whose wired line is pulled has no route for the
// moment until the other one takes over, one that gets a new address has none in
// between, and a firewall that is loaded anew refuses for an instant: a packet that
// cannot leave then is one that was lost, and the idle timeout knows best when to give
// up. Only before anything could be sent such an error is told, since then it says why
// a dial cannot succeed. Safe for concurrent use; the zero value is ready.
type passing struct {
	wrote  atomic.Bool
	unsent atomic.Uint64 // packets, or batches of them, that could not leave
}

// forgives is told of every write, and tells whether its error is to be kept quiet.
func (p *passing) forgives(err error) bool {
	if err == nil {
		if !p.wrote.Load() { // all packets come here, from several goroutines
			p.wrote.Store(true)
		}
		return false
	}
	if !p.wrote.Load() || !passes(err) {
		return false
	}
	p.unsent.Add(1)
	return true
}

// passes tells the errors of sendmsg(2) that say something about this moment: no way to
// the peer, the interface down, its address gone, its queue full, a firewall's refusal.
// A packet that is too large (EMSGSIZE) and a batch that the interface cannot cut up
// (EIO, EINVAL) are the library's own business.
func passes(err error) bool {
	for _, e := range []error{
		syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
		syscall.EADDRNOTAVAIL, syscall.ENODEV, syscall.ENOBUFS, syscall.EPERM, syscall.EACCES,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
