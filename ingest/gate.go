package ingest

import "github.com/classrelay/classrelay/media"

// gate lets those frames of one video track through that a decoder behind it can
// show: nothing with a hole, nothing that refers to what is missing. A core with
// one owner.
type gate struct {
	codec   media.Codec
	open    bool // a key frame went through, and everything since
	leading bool // pictures that refer across the last key frame cannot be decoded
	idr     bool // the camera sends real key frames
	params  paramSets
	stats   *LayerStats
}

// Push looks at a frame. It returns the units to send, or nil.
func (g *gate) Push(f frame) (units [][]byte, key bool) {
	g.params.learn(f.units)
	first, key, leading := g.look(f.units)
	if f.flaw&flawHead != 0 && (first == nil || !startsPicture(g.codec, first)) {
		f.flaw |= flawHole
	}
	if f.flaw&flawBefore != 0 {
		g.open = false
	}
	if f.flaw&flawHole != 0 || first == nil {
		g.stats.FramesBroken++
		if !f.slices || f.referred {
			g.open = false
		}
		return nil, false
	}
	if key && !g.params.complete() {
		g.open = false
	}
	switch {
	case key && g.params.complete():
		g.leading = !g.open
		g.open = true
	case !g.open, leading && g.leading:
		g.stats.FramesSkipped++
		return nil, false
	case !leading:
		g.leading = false
	}
	if key && startsPicture(g.codec, first) {
		return g.complete(f.units), true
	}
	return f.units, key
}

// waiting tells whether a key frame is needed before anything goes through.
func (g *gate) waiting() bool { return !g.open }

// look returns the first slice, and what kind of picture it is. Parameter sets in
// front of an H.264 picture, or a recovery point, are taken for a random access
// point: some cameras send no IDR. A recovery that takes frames (intra refresh)
// counts only where there is nothing better.
func (g *gate) look(units [][]byte) (first []byte, key, leading bool) {
	for _, u := range units {
		switch k := kindOf(g.codec, u); {
		case k == unitRecovery:
			frames, ok := recoveryFrames(u)
			key = key || ok && (frames == 0 || !g.idr)
		case k == unitSPS && g.codec == media.H264:
			key = true
		case k.isSlice() && first == nil:
			first = u
			key = key || k == unitKeySlice
			g.idr = g.idr || k == unitKeySlice
			leading = k == unitLeading
		}
	}
	return first, key, leading
}

func (g *gate) complete(units [][]byte) [][]byte {
	out, added := g.params.insert(units)
	if added {
		g.stats.ParamsAdded++
	}
	return out
}

// recoveryFrames reads recovery_frame_cnt (ISO/IEC 14496-10 clause D.1.8), which
// stands behind the unit's header and the type and size of the message.
func recoveryFrames(sei []byte) (n uint32, ok bool) {
	const before = 3
	if len(sei) <= before {
		return 0, false
	}
	return expGolomb(sei[before:])
}
