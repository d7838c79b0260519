package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/classrelay/classrelay/internal/mask"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

// The largest delays that make sense: above them it is a typing error.
const (
	maxQueueAge = time.Second     // a link's queue: far beyond the 300 ms of a lesson
	maxDelay    = 5 * time.Second // playout: for a wall display beside a loudspeaker system
)

// Validate checks a configuration that was not read from a file. It returns an
// *Error that names each wrong key, or nil.
func (c *Config) Validate() error {
	if problems := c.check(); len(problems) > 0 {
		return &Error{Problems: problems}
	}
	return nil
}

// checks collects problems.
type checks []Problem

func (k *checks) add(key, format string, args ...any) {
	*k = append(*k, Problem{Key: key, What: fmt.Sprintf(format, args...)})
}

func (k *checks) err(key string, err error) {
	if err != nil {
		k.add(key, "%s", err)
	}
}

func (c *Config) check() []Problem {
	var k checks
	if c.Node == "" {
		k.add("node", "every node needs a name")
	} else {
		k.err("node", identity.CheckName(c.Node))
	}
	if c.Identity == "" && (c.Listen.QUIC != "" || len(c.Parents) > 0) {
		k.add("identity", "a node with links needs one: classrelay ca issue --dir pki --name %s", cmpName(c.Node))
	}
	c.Listen.check(&k)
	c.Listen.checkWeb(&k)
	if c.Listen.HTTPS != "" && c.Identity == "" {
		k.add("listen.https", "it shows the node's certificate, and identity is not set")
	}
	c.checkParents(&k)
	for _, name := range slices.Sorted(maps.Keys(c.Feeds)) {
		f := c.Feeds[name]
		key := "feeds." + string(name)
		_, err := media.ParseFeedID(string(name))
		k.err(key, err)
		f.check(&k, key)
		if f.Push != "" && c.Listen.RTSP == "" && !c.Listen.Web() {
			k.add(key+".push", "nobody can push here: neither listen.rtsp nor listen.http nor listen.https is set")
		}
	}
	c.checkClasses(&k)
	c.checkPeers(&k)
	c.checkCounty(&k)
	c.checkAccess(&k)
	c.Links.check(&k)
	if d := time.Duration(c.Playout.Delay); d < 0 || d > maxDelay {
		k.add("playout.delay", "%s is not between 0 and %s", d, maxDelay)
	}
	c.Log.check(&k)
	return k
}

func cmpName(node string) string {
	if node == "" {
		return "NAME"
	}
	return node
}

func (l Listen) check(k *checks) {
	k.err("listen.quic", checkListen(l.QUIC))
	k.err("listen.admin", checkListen(l.Admin))
	if err := checkListen(l.RTSP); err != nil {
		k.err("listen.rtsp", err)
		return
	}
	if l.RTSP != "" && l.RTSP == l.Admin {
		k.add("listen.admin", "%s is listen.rtsp already", l.Admin)
	}
	if l.RTP == "" || l.RTP == RTPOff {
		return
	}
	if l.RTSP == "" {
		k.add("listen.rtp", "it serves RTSP over UDP, and listen.rtsp is not set")
		return
	}
	if err := checkListen(l.RTP); err != nil {
		k.err("listen.rtp", err)
		return
	}
	if port := portOf(l.RTP); port%2 != 0 || port == 0 {
		k.add("listen.rtp", "port %d is not even: RTP takes the even port and RTCP the next one", port)
	}
}

// checkListen accepts nothing, or an address with an optional host.
func checkListen(addr string) error {
	if addr == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT or :PORT", addr)
	}
	if _, err := netip.ParseAddr(host); host != "" && host != "localhost" && err != nil {
		return fmt.Errorf("%q: listen on an address of this machine, not on a name", addr)
	}
	return checkPort(addr, port)
}

func checkPort(addr, port string) error {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q: %q is not a port between 0 and 65535", addr, port)
	}
	return nil
}

func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return n
}

// maxVia is more than an interface's name (15) and an IPv6 address without its zone take.
const maxVia = 32

func (c *Config) checkParents(k *checks) {
	seen := make(map[string]bool)
	for i, p := range c.Parents {
		key := fmt.Sprintf("parents[%d]", i)
		host, port, err := net.SplitHostPort(p.Address)
		if err != nil || host == "" {
			k.add(key, "%q is not HOST:PORT", p.Address)
			continue
		}
		k.err(key, checkPort(p.Address, port))
		if p.Node != "" {
			k.err(key+".node", identity.CheckName(p.Node))
		}
		if p.Node != "" && p.Node == c.Node {
			k.add(key+".node", "a node is not its own parent")
		}
		if strings.ContainsAny(p.Via, "/ \t") || len(p.Via) > maxVia {
			k.add(key+".via", "%q is neither an interface nor an address", p.Via)
		}
		if p.Duplicate && p.Via == "" {
			k.add(key+".duplicate", "a line that is used beside another one needs via")
		}
		if seen[p.Name()] {
			k.add(key, "%s is a parent already", p.Name())
		}
		seen[p.Name()] = true
	}
}

func (f *Feed) check(k *checks, key string) {
	switch {
	case f.Push == "" && f.Main == "":
		k.add(key, "it has neither main (a camera to pull) nor push")
	case f.Push != "" && (f.Main != "" || f.Sub != ""):
		k.add(key+".push", "a feed comes from a camera or from a pusher, not from both")
	case f.Push != "" && f.Push != PushFirst && f.Push != PushLast:
		k.add(key+".push", "unknown rule %q (first or last)", f.Push)
	case f.Push != "" && (f.Always || f.BasicAuth || f.Transport != "" || f.Snapshot != ""):
		k.add(key+".push", "always, basic_auth, transport and snapshot are for cameras")
	}
	k.err(key+".main", checkCamera(f.Main))
	k.err(key+".sub", checkCamera(f.Sub))
	k.err(key+".snapshot", checkSnapshot(f.Snapshot))
	switch f.Transport {
	case "", TransportAuto, TransportTCP, TransportUDP:
	default:
		k.add(key+".transport", "unknown transport %q (auto, tcp or udp)", f.Transport)
	}
	switch f.Role {
	case "", RoleTeacher, RoleBoard, RolePupils:
	default:
		k.add(key+".role", "unknown role %q (teacher, board or pupils)", f.Role)
	}
	switch f.FixedLayer {
	case "", "main":
	case "sub":
		if f.Sub == "" && f.Push == "" {
			k.add(key+".fixed_layer", "the feed has no sub stream")
		}
	default:
		k.add(key+".fixed_layer", "unknown layer %q (main or sub)", f.FixedLayer)
	}
}

// errMasked is a password that somebody has lost.
var errMasked = errors.New("it has stars in place of the password, as a printed configuration has: " +
	"write the password, or ${NAME} to have it taken from the environment")

// checkCamera accepts nothing, or an RTSP URL. It never shows the URL's password.
func checkCamera(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("it is not a URL: percent-encode what is special in a password")
	}
	if u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return fmt.Errorf("%s: a camera is rtsp://HOST/PATH", mask.URL(s))
	}
	if u.Hostname() == "" {
		return fmt.Errorf("%s: it names no host", mask.URL(s))
	}
	if mask.Masked(s) {
		return errMasked
	}
	return nil
}

func (c *Config) checkAccess(k *checks) {
	networks := func(key string, list []netip.Prefix) {
		for i, p := range list {
			if p != p.Masked() {
				k.add(fmt.Sprintf("%s[%d]", key, i), "%s has address bits beyond its length: %s is meant?", p, p.Masked())
			}
		}
	}
	networks("access.watch", c.Access.Watch)
	networks("access.push", c.Access.Push)
	seen := make(map[string]bool)
	for i := range c.Users {
		u := &c.Users[i]
		key := fmt.Sprintf("users[%d]", i)
		k.err(key, u.Validate())
		if u.Name != "" && seen[u.Name] {
			k.add(key+".name", "user %s is named twice", u.Name)
		}
		seen[u.Name] = true
	}
}

func (l *Links) check(k *checks) {
	if d := time.Duration(l.QueueAge); d < 0 || d > maxQueueAge {
		k.add("links.queue_age", "%s is not between 0 and %s", d, maxQueueAge)
	}
	switch l.Probe {
	case "", ProbeOn, ProbeOff:
	default:
		k.add("links.probe", "unknown value %q (on or off)", l.Probe)
	}
}

func (l *Log) check(k *checks) {
	switch l.Level {
	case "", "debug", "info", "warn", "error":
	default:
		k.add("log.level", "unknown level %q (debug, info, warn or error)", l.Level)
	}
	switch l.Format {
	case "", "console", "json":
	default:
		k.add("log.format", "unknown format %q (console or json)", l.Format)
	}
}
