package ingest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

// mendSDP makes a camera's session description readable for gortsplib, which
// refuses the whole of it for one bad line. Where that is so, a track is first
// tried without its format parameters (the parameter sets come in band as well)
// and then left out; unreadable session lines are left out too. What was left out
// is named. A description that is fine, or beyond help, comes back as it was.
func mendSDP(body []byte) (mended []byte, aside []string) {
	if parseSDP(body) == nil {
		return body, nil
	}
	head, tracks := splitSDP(body)
	head = mendHead(head)
	out := append([]byte(nil), head...)
	kept := 0
	for i, t := range tracks {
		name := fmt.Sprintf("track %d (%.40s)", i+1, firstLine(t))
		t = without(t, "a=mid:")
		err := parseSDP(join(head, t))
		if err == nil {
			out, kept = append(out, t...), kept+1
			continue
		}
		if bare := without(t, "a=fmtp:"); parseSDP(join(head, bare)) == nil {
			aside = append(aside, fmt.Sprintf("format parameters of %s: %v", name, err))
			out, kept = append(out, bare...), kept+1
			continue
		}
		aside = append(aside, fmt.Sprintf("%s: %v", name, err))
	}
	if kept == 0 || parseSDP(out) != nil {
		return body, aside
	}
	return out, aside
}

// parseSDP reads a description as gortsplib's client does.
func parseSDP(body []byte) error {
	var s sdp.SessionDescription
	if err := s.Unmarshal(body); err != nil {
		return err
	}
	var d description.Session
	return d.Unmarshal(&s)
}

// minimalHead is what RFC 8866 §5 asks of every description.
const minimalHead = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"

// probeTrack is a track that is certainly fine, to judge a head by.
const probeTrack = "m=audio 0 RTP/AVP 0\r\n"

// mendHead returns the session lines, without what refers to left-out tracks; or,
// when they are unreadable, as few as there must be. The control line stays: the
// URLs of the tracks depend on it.
func mendHead(head []byte) []byte {
	head = without(head, "a=group:")
	if parseSDP(join(head, []byte(probeTrack))) == nil {
		return head
	}
	mended := []byte(minimalHead)
	for line := range bytes.Lines(head) {
		if bytes.HasPrefix(line, []byte("a=control:")) {
			mended = append(mended, line...)
		}
	}
	return mended
}

// splitSDP cuts a description in front of every media line.
func splitSDP(body []byte) (head []byte, tracks [][]byte) {
	cur := &head
	for line := range bytes.Lines(body) {
		line = append(bytes.TrimRight(line, "\r\n"), '\r', '\n')
		if bytes.HasPrefix(line, []byte("m=")) {
			tracks = append(tracks, nil)
			cur = &tracks[len(tracks)-1]
		}
		*cur = append(*cur, line...)
	}
	return head, tracks
}

// without returns the lines that do not begin with prefix.
func without(lines []byte, prefix string) (kept []byte) {
	for line := range bytes.Lines(lines) {
		if !bytes.HasPrefix(line, []byte(prefix)) {
			kept = append(kept, line...)
		}
	}
	return kept
}

func join(a, b []byte) []byte { return append(append([]byte(nil), a...), b...) }

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}
