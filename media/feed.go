package media

import (
	"errors"
	"fmt"
	"strings"
)

// FeedID names a feed: everything one camera or one room sends, whatever its
// layers. It is also the path a viewer opens, as in rtsp://branch:8554/room-101.
type FeedID string

// maxFeedID is the longest feed name: it has to fit a log line and a metric label.
const maxFeedID = 64

// ErrFeedID is wrapped by the errors of ParseFeedID.
var ErrFeedID = errors.New("bad feed name")

// ParseFeedID checks a feed name given by a person or a peer: 1 to 64 letters,
// digits, '.', '_' or '-', in one or more parts separated by '/'. A part is
// neither empty nor made of dots only, so a name is also a safe path.
func ParseFeedID(s string) (FeedID, error) {
	if s == "" {
		return "", fmt.Errorf("%w: it is empty", ErrFeedID)
	}
	if len(s) > maxFeedID {
		return "", fmt.Errorf("%w: %.16q… has %d characters, at most %d fit", ErrFeedID, s, len(s), maxFeedID)
	}
	for part := range strings.SplitSeq(s, "/") {
		if strings.Trim(part, ".") == "" {
			return "", fmt.Errorf("%w %q: a part between slashes is empty or only dots", ErrFeedID, s)
		}
		for _, r := range part {
			if !isFeedRune(r) {
				return "", fmt.Errorf("%w %q: %q is not a letter, a digit, '.', '_' or '-'", ErrFeedID, s, r)
			}
		}
	}
	return FeedID(s), nil
}

func isFeedRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	}
	return r == '.' || r == '_' || r == '-'
}

// Layer is one encoding of a feed. The camera's main and sub stream are two
// layers of one picture; the sound is a layer of its own so that it can go
// first and be dropped last.
type Layer uint8

// The layers a feed can have. Further tracks of a source are set aside at ingest.
const (
	LayerMain  Layer = iota // the camera's main stream
	LayerSub                // the camera's sub stream, the same picture at a lower rate
	LayerAudio              // the sound
)

// NumLayers is the number of layers, for arrays indexed by Layer.
const NumLayers = 3

// String returns the name used in configuration, messages and metrics.
func (l Layer) String() string {
	switch l {
	case LayerMain:
		return "main"
	case LayerSub:
		return "sub"
	case LayerAudio:
		return "audio"
	}
	return fmt.Sprintf("layer%d", uint8(l))
}

// IsVideo tells whether the layer carries a picture.
func (l Layer) IsVideo() bool { return l == LayerMain || l == LayerSub }

// ParseLayer is the inverse of Layer.String.
func ParseLayer(s string) (Layer, error) {
	for l := range Layer(NumLayers) {
		if l.String() == s {
			return l, nil
		}
	}
	return 0, fmt.Errorf("unknown layer %q (main, sub or audio)", s)
}

// MarshalText implements encoding.TextMarshaler.
func (l Layer) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Layer) UnmarshalText(b []byte) error {
	v, err := ParseLayer(string(b))
	if err != nil {
		return err
	}
	*l = v
	return nil
}
