package doctor

import (
	"net"
	"runtime"
)

// Machine gathers what the system tells of itself. folder is where the node keeps its
// files. What this system does not tell stays unknown.
func Machine(folder string) *Facts {
	f := &Facts{Processors: runtime.NumCPU(), AES: hasAES()}
	f.system(folder)
	return f
}

// Listen tells whether a port is free, by opening and closing it.
func Listen(key, network, address string) Port {
	p := Port{Key: key, Network: network, Address: address}
	var err error
	if network == "udp" {
		var c net.PacketConn
		if c, err = net.ListenPacket(network, address); err == nil { //nolint:noctx // at once
			err = c.Close()
		}
	} else {
		var l net.Listener
		if l, err = net.Listen(network, address); err == nil { //nolint:noctx // at once
			err = l.Close()
		}
	}
	if err != nil {
		p.Taken = err.Error()
	}
	return p
}
