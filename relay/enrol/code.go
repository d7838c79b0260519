package enrol

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/classrelay/classrelay/relay/identity"
)

// Port is that of nodes, which a code leaves out.
const Port = 4433

const (
	codeVersion = 1
	maxHubs     = 7
	maxHost     = 253 // RFC 1035 §2.3.4, as text
)

// ErrCode is wrapped by every error about a code that cannot be read.
var ErrCode = errors.New("bad join code")

// Code is what a machine needs to join a county. Whoever has it can join in the place
// of the one it is meant for, until it is used.
type Code struct {
	// Hubs are dialled in this order: HOST:PORT.
	Hubs  []string
	Pin   identity.Pin
	Token Token
}

// String writes the code in groups of five letters: 16 groups with one hub on the usual
// port, 18 with two.
//
// It has the version (5 bits) and the number of hubs (3 bits), the pin (16 bytes), the
// token (16 bytes), the hubs, and 16 bits of CRC-32 over all of it. A hub is a byte that
// says its kind and whether a port follows, then an address of IPv4 or IPv6, or a length
// and a name, then the port.
func (c *Code) String() string {
	b := []byte{codeVersion<<3 | byte(len(c.Hubs))}
	b = append(b, c.Pin[:]...)
	b = append(b, c.Token[:]...)
	for _, h := range c.Hubs {
		b = appendHub(b, h)
	}
	return write(binary.BigEndian.AppendUint16(b, uint16(crc32.ChecksumIEEE(b))))
}

// Check tells whether the code can be written.
func (c *Code) Check() error {
	if len(c.Hubs) == 0 || len(c.Hubs) > maxHubs {
		return fmt.Errorf("a join code has 1 to %d hubs, not %d", maxHubs, len(c.Hubs))
	}
	for _, h := range c.Hubs {
		if err := checkHub(h); err != nil {
			return err
		}
	}
	return nil
}

// ParseCode reads a code as a person types it. The error says which group is wrong.
func ParseCode(s string) (*Code, error) {
	b, err := read(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	if v := b[0] >> 3; v != codeVersion {
		return nil, fmt.Errorf("%w: it is of version %d, and this classrelay knows version %d: update it",
			ErrCode, v, codeVersion)
	}
	c := &Code{}
	p := parser{rest: b[1:]}
	copy(c.Pin[:], p.take(len(c.Pin)))
	copy(c.Token[:], p.take(len(c.Token)))
	for range b[0] & 7 {
		c.Hubs = append(c.Hubs, p.hub())
	}
	sum := crc32.ChecksumIEEE(b[:len(b)-len(p.rest)])
	if crc := p.take(2); p.short || binary.BigEndian.Uint16(crc) != uint16(sum) {
		return nil, fmt.Errorf("%w: it does not fit together: type it once more, or ask for a new one", ErrCode)
	}
	for _, x := range p.rest {
		if x != 0 {
			return nil, fmt.Errorf("%w: it is too long", ErrCode)
		}
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	return c, nil
}

// The kinds of a hub's address, in the two highest bits of its first byte.
const (
	hubIPv4  = 0 << 6
	hubIPv6  = 1 << 6
	hubName  = 2 << 6
	hubKinds = 3 << 6 // the bits

	hubHasPort = 1 << 5
)

func appendHub(b []byte, hub string) []byte {
	host, portText, _ := net.SplitHostPort(hub)
	port, _ := strconv.Atoi(portText)
	flag := byte(0)
	if port != Port {
		flag = hubHasPort
	}
	switch addr, err := netip.ParseAddr(host); {
	case err != nil:
		b = append(append(b, hubName|flag, byte(len(host))), host...)
	case addr.Is4():
		b = append(append(b, hubIPv4|flag), addr.AsSlice()...)
	default:
		b = append(append(b, hubIPv6|flag), addr.AsSlice()...)
	}
	if flag != 0 {
		b = binary.BigEndian.AppendUint16(b, uint16(port))
	}
	return b
}

// CleanHub puts an address as an operator writes it into the form that codes have: a
// missing port is the usual one, names are small.
func CleanHub(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), strconv.Itoa(Port)
	}
	host = strings.ToLower(host)
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.Unmap().String()
	}
	hub := net.JoinHostPort(host, port)
	return hub, checkHub(hub)
}

func checkHub(hub string) error {
	host, port, err := net.SplitHostPort(hub)
	if err != nil {
		return fmt.Errorf("hub %q is not HOST:PORT", hub)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("hub %q: %q is not a port", hub, port)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" || addr.Is4In6() || addr.IsUnspecified() || addr.String() != host {
			return fmt.Errorf("hub %q: %s is not an address that others can dial", hub, host)
		}
		return nil
	}
	if host == "" || len(host) > maxHost || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return fmt.Errorf("hub %q: %q is neither an address nor a name", hub, host)
	}
	return nil
}

// parser takes the parts of a code off its bytes. Once there are too few it gives zeros.
type parser struct {
	rest  []byte
	short bool
}

func (p *parser) take(n int) []byte {
	if len(p.rest) < n {
		p.short, p.rest = true, nil
		return make([]byte, n)
	}
	part := p.rest[:n]
	p.rest = p.rest[n:]
	return part
}

func (p *parser) hub() string {
	head := p.take(1)[0]
	var host string
	switch head & hubKinds {
	case hubIPv4:
		host = netip.AddrFrom4([4]byte(p.take(4))).String()
	case hubIPv6:
		host = netip.AddrFrom16([16]byte(p.take(16))).String()
	case hubName:
		host = string(p.take(int(p.take(1)[0])))
	default:
		p.short = true
	}
	port := Port
	if head&hubHasPort != 0 {
		port = int(binary.BigEndian.Uint16(p.take(2)))
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
