package ingest

import (
	"time"

	"github.com/pion/rtcp"
)

// askEvery is the least time between two requests for a key frame: a camera needs
// some frames to answer, and key frames are ten times as large as others.
const askEvery = 500 * time.Millisecond

// asker limits requests for key frames. A core.
type asker struct{ last time.Time }

func (a *asker) allow(now time.Time) bool {
	if now.Sub(a.last) < askEvery {
		return false
	}
	a.last = now
	return true
}

// lossIndication asks the sender of the media for a key frame (RFC 4585 §6.3.1).
func lossIndication(source uint32) rtcp.Packet {
	const ours = 1 // we send no media on this session, any SSRC will do
	return &rtcp.PictureLossIndication{SenderSSRC: ours, MediaSSRC: source}
}
