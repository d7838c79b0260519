package playout

import "github.com/classrelay/classrelay/media"

// Stats counts what happened to one picture or sound on its way to one viewer.
type Stats struct {
	Frames   uint64 // handed on; of sound, packets
	Packets  uint64 // handed on
	CaughtUp uint64 // of the frames: stamped closer together than they were taken

	Incomplete uint64 // frames given up with a hole in them; of sound, holes
	Skipped    uint64 // whole frames not handed on: what they refer to is missing
	Slow       uint64 // frames left out because the viewer did not take them
	Late       uint64 // packets that came twice, or after their frame was given up

	Switches uint64 // changes from one layer to the other
	Restarts uint64 // times a layer's source was replaced by another
	KeyAsked uint64 // key frames asked for

	// Broken counts frames handed on although they were not whole or did not
	// follow what they refer to. It is checked apart from what prevents it, and
	// stays 0.
	Broken uint64

	// Layer is the one in use.
	Layer media.Layer
}

// add sums up the counters of a lane.
func (s *Stats) add(o Stats) {
	s.Incomplete += o.Incomplete
	s.Skipped += o.Skipped
	s.Slow += o.Slow
	s.Late += o.Late
	s.Restarts += o.Restarts
}
