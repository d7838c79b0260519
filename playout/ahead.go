package playout

// noteKey looks whether the packet at seq, behind a hole, made a key frame whole.
// Then nobody needs what is missing in front of it any more.
func (l *lane) noteKey(seq int64) {
	if l.win.keys == 0 || !l.codec.IsVideo() {
		return
	}
	first, last := seq, seq
	stamp := l.win.at(seq).Timestamp
	for p := l.win.at(first - 1); p != nil && p.Timestamp == stamp && !p.Marker; p = l.win.at(first - 1) {
		first--
	}
	for !l.win.at(last).Marker {
		last++
		if last == l.win.top || l.win.at(last) == nil || l.win.at(last).Timestamp != stamp {
			return
		}
	}
	begun, certain := l.begins(first)
	key := false
	for i := first; i <= last; i++ {
		_, sps := inspect(l.codec, l.win.at(i).Payload())
		key = key || l.win.at(i).Key
		certain = certain || sps
	}
	if begun && certain && key {
		l.keyEnd = max(l.keyEnd, last)
	}
}

// begins reports whether a frame begins at seq, behind a hole or not, as mend will
// see it. certain: even if there is no SPS in it.
func (l *lane) begins(seq int64) (begun, certain bool) {
	if l.win.at(seq-1) != nil {
		return true, true
	}
	stamp := l.win.at(seq).Timestamp
	before := seq - 1
	for before >= l.win.next && l.win.at(before) == nil {
		before--
	}
	var inside bool
	switch {
	case before >= l.win.next:
		inside = l.win.at(before).Timestamp == stamp
	case len(l.part.packets) > 0:
		inside = l.part.packets[0].Timestamp == stamp
	default:
		inside = l.torn.within(stamp)
	}
	open, _ := inspect(l.codec, l.win.at(seq).Payload())
	return open != opensNothing && !inside, open == opensFrame
}
