package ingest

import "github.com/classrelay/classrelay/media"

// LayerStats counts what happened to one layer since the source was made.
type LayerStats struct {
	PacketsIn       uint64 // RTP packets from the camera
	PacketsLost     uint64 // missing sequence numbers between them
	PacketsBad      uint64 // could not be taken apart
	Frames          uint64 // access units forwarded
	KeyFrames       uint64 // of these
	FramesBroken    uint64 // dropped: a hole, or garbage inside
	FramesSkipped   uint64 // dropped: they refer to a broken one, or came before the first key frame
	UnitsStripped   uint64 // NAL units that RTP cannot carry, left out
	PacketsOut      uint64 // RTP packets given to the sink
	BytesOut        uint64 // their size
	ParamsAdded     uint64 // key frames that got parameter sets put in front
	Jumps           uint64 // times the camera's clock was anchored anew
	KeyFrameAsked   uint64 // picture loss indications sent
	TrackChanges    uint64 // SetTrack calls
	SenderReportsIn uint64 // RTCP sender reports
}

// Stats counts what happened to a source, by layer.
type Stats [media.NumLayers]LayerStats
