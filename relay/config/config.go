package config

import (
	"net/netip"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

// Config is one node: a school, a county, a city. What makes it a hub or a branch
// is which of the parts are filled in.
type Config struct {
	// Node is this node's name in announcements, logs and metrics: letters,
	// digits, '.', '_' and '-'. Required.
	Node string `yaml:"node"`
	// Identity is the folder with cert.pem, key.pem and ca.pem, as `classrelay
	// ca issue` writes it. Needed by a node that has links. A relative path is
	// looked for beside the configuration file, then in the working directory.
	Identity string `yaml:"identity,omitempty"`
	// Listen says where this node can be reached.
	Listen Listen `yaml:"listen,omitempty"`
	// Parents are the nodes this one dials and gets feeds from.
	Parents []Parent `yaml:"parents,omitempty"`
	// Feeds are the cameras this node pulls and the pushes it gives a rule of
	// their own. A feed that is only pushed need not be named.
	Feeds map[media.FeedID]Feed `yaml:"feeds,omitempty"`
	// Classes are those in which several schools take part, by their names. They are
	// written at the county's hubs; schools learn of them over their links.
	Classes map[string]Class `yaml:"classes,omitempty"`
	// Peers are what other nodes may give and have over their links to this one, by the
	// name in a node's certificate, the school's for all machines of a school, or * for
	// all that are not named. Default: a school gives its own feeds, and everybody may
	// have everything.
	Peers map[string]Peer `yaml:"peers,omitempty"`
	// County is the node's place among others. Default: none, a site from files alone.
	County County `yaml:"county,omitempty"`
	// Access says who may watch or push without a login.
	Access access.Config `yaml:"access,omitempty"`
	// Users are those who may with a login.
	Users []access.User `yaml:"users,omitempty"`
	// Links is what all links share.
	Links Links `yaml:"links,omitempty"`
	// Playout is the last hop, to viewers.
	Playout Playout `yaml:"playout,omitempty"`
	// Log is what the node tells about itself.
	Log Log `yaml:"log,omitempty"`
}

// Listen says where a node can be reached. An empty address means: not at all.
type Listen struct {
	// QUIC is the UDP address for lower nodes, such as ":4433".
	QUIC string `yaml:"quic,omitempty"`
	// RTSP is the TCP address for viewers and pushers, such as ":8554".
	RTSP string `yaml:"rtsp,omitempty"`
	// RTP is the first of the two UDP ports for RTSP over UDP: an even port for
	// RTP, and the odd one after it for RTCP (RFC 3550 §11). Default: RTSP's
	// port + 2, made even. "off": RTSP over TCP only.
	RTP string `yaml:"rtp,omitempty"`
	// HTTP is the TCP address of the pages and players in a browser, such as ":8080",
	// without encryption. A page over HTTP can watch; it can neither talk back nor,
	// unless access.basic allows passwords in clear, log in from another machine.
	HTTP string `yaml:"http,omitempty"`
	// HTTPS is the same with TLS, such as ":8443". It shows the certificate in identity.
	HTTPS string `yaml:"https,omitempty"`
	// WebRTC is the UDP port for the media of those pages; the TCP port of the same
	// number serves networks that let no UDP through. Default: ":8189" where http or
	// https is set. "off": the pages get their media in the web connection.
	WebRTC string `yaml:"webrtc,omitempty"`
	// Public are addresses that a router or a cloud translates to this machine's, with the
	// port of webrtc forwarded as it is (1:1 NAT). Pages from outside need them: a page
	// sends its media to an address that the node tells it. Default: none.
	Public []netip.Addr `yaml:"public,omitempty"`
	// Admin is the HTTP address for metrics and health, such as
	// "127.0.0.1:9090". Nobody is asked for a login there: keep it inside.
	Admin string `yaml:"admin,omitempty"`
}

// Parent is a node to dial. In YAML it is an address, or an address with limits.
type Parent struct {
	// Address is HOST:PORT of the parent's listen.quic.
	Address string `yaml:"address"`
	// Node is the name that parent must have in its certificate. Default: any
	// node of the county whose certificate does not name other hosts.
	Node string `yaml:"node,omitempty"`
	// MaxRate caps what this node sends to that parent. Default: links.max_rate.
	MaxRate Rate `yaml:"max_rate,omitempty"`
	// Via is the interface, as eth0, or the local address by which this node dials. One
	// parent may be named several times, each via another line: there is a link over
	// each then, and when one falls silent the next takes over. Default: as the system
	// routes.
	Via string `yaml:"via,omitempty"`
	// Duplicate sends all media over this line, too, while another line to the same
	// parent carries it, both ways: what one of them loses, or its end, is not seen. It
	// takes the rate twice. Default: false.
	Duplicate bool `yaml:"duplicate,omitempty"`
}

// Name is what tells the parents of a node apart: the address, and the line if one is
// given.
func (p *Parent) Name() string {
	if p.Via == "" {
		return p.Address
	}
	return p.Address + " via " + p.Via
}

// Transport is how RTSP media comes from a camera.
type Transport string

// The transports. The zero value means auto.
const (
	TransportAuto Transport = "auto" // UDP first, TCP when nothing comes
	TransportTCP  Transport = "tcp"  // interleaved in the RTSP connection
	TransportUDP  Transport = "udp"
)

// PushRule says which of two pushers of one path wins.
type PushRule string

// The push rules. The zero value means first for a feed without a camera.
const (
	PushFirst PushRule = "first" // the second is refused while the first is there
	PushLast  PushRule = "last"  // the second takes over
)

// Role says what a feed shows.
type Role string

// The roles. The zero value means pupils.
const (
	RoleTeacher Role = "teacher"
	RoleBoard   Role = "board"
	RolePupils  Role = "pupils"
)

// Feed is a camera to pull, or a rule for a push.
type Feed struct {
	// Main is the RTSP URL of the camera's main stream.
	Main string `yaml:"main,omitempty"`
	// Sub is the RTSP URL of its sub stream: the same picture at a lower rate,
	// for links that cannot carry the main stream. Default: none.
	Sub string `yaml:"sub,omitempty"`
	// Snapshot is the http or https URL at which the camera gives its picture as a
	// JPEG, for the small previews on the node's page. Default: none, the page draws
	// the last key frame.
	Snapshot string `yaml:"snapshot,omitempty"`
	// Transport is how media comes from the camera. Default: auto.
	Transport Transport `yaml:"transport,omitempty"`
	// Always pulls the camera even while nobody watches. Default: on demand.
	Always bool `yaml:"always,omitempty"`
	// BasicAuth lets this camera ask for Basic, which sends the password in
	// clear. Default: Digest only.
	BasicAuth bool `yaml:"basic_auth,omitempty"`
	// Role says what the feed shows: teacher, board or pupils. A link that cannot
	// carry every main stream keeps the teacher's longest. Default: pupils.
	Role Role `yaml:"role,omitempty"`
	// FixedLayer holds every link to "main" or "sub". Default: the link's state
	// decides.
	FixedLayer string `yaml:"fixed_layer,omitempty"`
	// Push takes the feed from a pusher in place of a camera, and says which of
	// two pushers wins: first or last. Not together with main or sub.
	Push PushRule `yaml:"push,omitempty"`
}

// Links is what all links of the node share.
type Links struct {
	// MaxRate caps what is sent on one link. Default: 100Mbit/s.
	MaxRate Rate `yaml:"max_rate,omitempty"`
	// QueueAge is how old a packet may grow in a link's queue before whole
	// video frames are dropped. Default: 200ms; later they are late at the far
	// end anyway.
	QueueAge Duration `yaml:"queue_age,omitempty"`
	// Probe says whether nodes of the county may measure their line to this one
	// with `classrelay probe`, while no lesson runs: "on" or "off". Default: on.
	Probe string `yaml:"probe,omitempty"`
}

// Playout is the last hop, to viewers.
type Playout struct {
	// Delay is added before a packet goes to a viewer, to smooth what the link
	// did. Default: 0ms, as it comes.
	Delay Duration `yaml:"delay,omitempty"`
}

// Log is what the node tells about itself, on standard error.
type Log struct {
	// Level is debug, info, warn or error. Default: info.
	Level string `yaml:"level,omitempty"`
	// Format is console, for people, or json. Default: console.
	Format string `yaml:"format,omitempty"`
}
