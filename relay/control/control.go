// Package control is what two nodes say to each other beside the media: who they
// are, which feeds they can give, which flows they want. The messages travel as
// length-prefixed JSON on the one bidirectional stream of a classrelay/1
// connection, so that an engineer can read a capture of it.
//
// The dialling node opens the stream and speaks first. After the two Hello
// messages the link is symmetric: either side announces, either side subscribes.
// The receiver of a flow chooses its id, so media can never arrive for a flow
// that its receiver has not heard of yet.
package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Version is the protocol version that Hello carries. A node refuses a peer
// whose version it does not speak; within a version unknown fields are ignored.
const Version = 1

const (
	// maxMessage bounds one message: a county's 2,000 feeds take about 100 bytes
	// each without their tracks and 400 with them.
	maxMessage = 1 << 20
	// maxFeeds bounds one announcement; beyond it a node is misconfigured.
	maxFeeds = 4096
	// maxClasses likewise: more than lessons that run in a county at once.
	maxClasses = 1024
	// MaxHops is the longest path a feed may take: school, county, city,
	// province and two to spare.
	MaxHops = 6
	// maxName is the longest node name.
	maxName = 64
)

// ErrMessage is wrapped by every error about what a peer said.
var ErrMessage = errors.New("bad control message")

// Message is one thing said. Exactly one of its fields is set.
type Message struct {
	Hello       *Hello       `json:"hello,omitempty"`
	Feeds       *Feeds       `json:"feeds,omitempty"`
	Subscribe   *Subscribe   `json:"subscribe,omitempty"`
	Unsubscribe *Unsubscribe `json:"unsubscribe,omitempty"`
	Refused     *Refused     `json:"refused,omitempty"`
	KeyFrame    *KeyFrame    `json:"keyframe,omitempty"`
	Probe       *Probe       `json:"probe,omitempty"`
	Classes     *Classes     `json:"classes,omitempty"`
	Hear        *Hear        `json:"hear,omitempty"`
	Ask         *lesson.Ask  `json:"ask,omitempty"`
	Records     *Records     `json:"records,omitempty"`
}

// Hello opens a link. The node's name is not in it: it is the one in the
// certificate.
type Hello struct {
	Protocol int    `json:"protocol"`
	Software string `json:"software"` // version of the program, for the log
	// Line is what the dialling node calls the line that this link goes over, where it
	// has a link over each of several. Empty: the only one.
	Line string `json:"line,omitempty"`
	// Duplicate asks for all media over this link that comes over another of the same
	// two nodes, both ways.
	Duplicate bool `json:"duplicate,omitempty"`
	// Directory tells that the sender takes the stream of the county's directory on this
	// link, which the side that dialled opens.
	Directory bool `json:"directory,omitempty"`
	// Asks tells that the sender wants to hear of no feed but those it names in Hear. A
	// peer that does not know this tells it of all.
	Asks bool `json:"asks,omitempty"`
}

// validate holds the name of a line to what may be in a label: an interface or an
// address.
func (h *Hello) validate() error {
	if len(h.Line) > maxName/2 {
		return fmt.Errorf("the name of a line has %d bytes, at most %d are taken", len(h.Line), maxName/2)
	}
	if strings.ContainsFunc(h.Line, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) {
		return fmt.Errorf("the name of a line, %q, is none", h.Line)
	}
	return nil
}

// Hear lists the feeds that the sender wants to hear of, all of them: a school of a county
// with 2,000 feeds is told of the few that it has to do with.
type Hear struct {
	Feeds []media.FeedID `json:"feeds"`
}

// Feeds is the full list of what the sender can give, announced on every change
// and every five seconds. What is missing from it is gone.
type Feeds struct {
	Feeds []Feed `json:"feeds"`
	// Withdrawn are feeds that an operator has taken out of the configuration, as
	// against those whose source is only away for a while. They are named until they
	// are offered again. A node that knows no better sends their viewers away.
	Withdrawn []media.FeedID `json:"withdrawn,omitempty"`
	// Above are the sender's links to its parents and theirs, nearest first, for
	// whoever asks how the tree does (classrelay probe).
	Above []Hop `json:"above,omitempty"`
}

// Feed is one feed in an announcement.
type Feed struct {
	ID media.FeedID `json:"id"`
	// Path names the nodes the feed has crossed, origin first, sender last.
	Path []string `json:"path"`
	// Role says what the feed shows: teacher, board or pupils. It orders the feeds
	// of a link that cannot carry all of them well.
	Role string `json:"role,omitempty"`
	// Online tells whether media is arriving at the origin, or would on demand.
	Online bool `json:"online"`
	// Silent tells that the sender hears nothing from where it gets the feed, and that
	// who has another way to it should use that one.
	Silent bool `json:"silent,omitempty"`
	// ClockErrorUs is how far the capture times may be off, in microseconds: the
	// sum of the uncertainties of the time exchanges along the path.
	ClockErrorUs int64 `json:"clock_error_us,omitempty"`
	// Flowing tells that the sender gets the feed at the moment, for somebody else: one
	// more who asks there costs the nodes further up nothing. It changes with every
	// viewer, and no announcement is made for it alone.
	Flowing bool `json:"flowing,omitempty"`
	// Tracks is how each layer is encoded, as far as it is known yet.
	Tracks map[media.Layer]*media.Track `json:"tracks,omitempty"`
	// Layers lists the layers the feed is configured to have, known or not.
	Layers []media.Layer `json:"layers,omitempty"`
}

// Classes is all that the sender knows of classes, told whenever Feeds is.
type Classes struct {
	Classes []lesson.Class `json:"classes"`
}

// Subscribe asks for a layer of a feed on a flow that the asker has chosen.
type Subscribe struct {
	Feed  media.FeedID `json:"feed"`
	Layer media.Layer  `json:"layer"`
	Flow  uint64       `json:"flow"`
	// Always asks for the layer even while a better one of the same picture is
	// sent: somebody behind the asker needs this very one.
	Always bool `json:"always,omitempty"`
}

// Unsubscribe ends a flow.
type Unsubscribe struct {
	Flow uint64 `json:"flow"`
}

// Refused answers a Subscribe that cannot be served, with the reason in words.
type Refused struct {
	Flow uint64 `json:"flow"`
	Why  string `json:"why"`
}

// KeyFrame asks for a key frame on a flow, as a PLI would (RFC 4585 §6.3.1).
type KeyFrame struct {
	Flow uint64 `json:"flow"`
}

// Write sends one message.
func Write(w io.Writer, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode control message: %w", err)
	}
	if len(body) > maxMessage {
		return fmt.Errorf("%w: %d bytes to send, at most %d fit", ErrMessage, len(body), maxMessage)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

// Read receives one message and checks it. An error that is not an ErrMessage is
// the stream's own.
func Read(r io.Reader) (*Message, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxMessage {
		return nil, fmt.Errorf("%w: length %d is not within 1 to %d", ErrMessage, n, maxMessage)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return Parse(body)
}

// Parse decodes and checks the body of one message.
func Parse(body []byte) (*Message, error) {
	m := &Message{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return m, nil
}

func (m *Message) validate() error {
	switch {
	case m.Hello != nil:
		return m.Hello.validate()
	case m.Feeds != nil:
		return m.Feeds.validate()
	case m.Subscribe != nil:
		_, err := media.ParseFeedID(string(m.Subscribe.Feed))
		return err
	case m.Probe != nil:
		return m.Probe.validate()
	case m.Classes != nil:
		return m.Classes.validate()
	case m.Hear != nil:
		return m.Hear.validate()
	case m.Ask != nil:
		return m.Ask.Validate()
	case m.Records != nil:
		return m.Records.validate()
	}
	return nil
}

func (c *Classes) validate() error {
	if len(c.Classes) > maxClasses {
		return fmt.Errorf("%d classes told, at most %d are taken", len(c.Classes), maxClasses)
	}
	for i := range c.Classes {
		if err := c.Classes[i].Validate(); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hear) validate() error {
	if len(h.Feeds) > maxFeeds {
		return fmt.Errorf("%d feeds to hear of, at most %d are taken", len(h.Feeds), maxFeeds)
	}
	for _, id := range h.Feeds {
		if _, err := media.ParseFeedID(string(id)); err != nil {
			return err
		}
	}
	return nil
}

func (f *Feeds) validate() error {
	if len(f.Feeds) > maxFeeds {
		return fmt.Errorf("%d feeds announced, at most %d are taken", len(f.Feeds), maxFeeds)
	}
	if len(f.Withdrawn) > maxFeeds {
		return fmt.Errorf("%d feeds withdrawn, at most %d are taken", len(f.Withdrawn), maxFeeds)
	}
	for _, id := range f.Withdrawn {
		if _, err := media.ParseFeedID(string(id)); err != nil {
			return err
		}
	}
	for i := range f.Feeds {
		if err := f.Feeds[i].validate(); err != nil {
			return err
		}
	}
	return validateHops(f.Above)
}

func (f *Feed) validate() error {
	if _, err := media.ParseFeedID(string(f.ID)); err != nil {
		return err
	}
	if len(f.Path) == 0 || len(f.Path) > MaxHops {
		return fmt.Errorf("feed %s: its path has %d nodes, 1 to %d are allowed", f.ID, len(f.Path), MaxHops)
	}
	if slices.ContainsFunc(f.Path, func(n string) bool { return n == "" || len(n) > maxName }) {
		return fmt.Errorf("feed %s: a node name in its path is empty or too long", f.ID)
	}
	if f.ClockErrorUs < 0 {
		return fmt.Errorf("feed %s: negative clock error", f.ID)
	}
	for l, t := range f.Tracks {
		if t == nil {
			return fmt.Errorf("feed %s: layer %s without a track", f.ID, l)
		}
		if err := t.Validate(); err != nil {
			return fmt.Errorf("feed %s, layer %s: %w", f.ID, l, err)
		}
		if t.Codec.IsVideo() != l.IsVideo() {
			return fmt.Errorf("feed %s: %s cannot be on layer %s", f.ID, t.Codec, l)
		}
	}
	return nil
}
