package repair

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
)

// parity is a row that came and is still of use: something it covers is missing.
type parity struct {
	fec.Row
	first  int64 // extended sequence number of the first packet covered
	came   time.Time
	folded [2]uint64 // a bit for each packet covered that was folded out
}

const (
	// maxRowsHeld bounds the rows kept. An outage of a second leaves 400 holes,
	// in frames that are solved one by one.
	maxRowsHeld = 512
	// maxStampAge is how old the timestamp may be from which those of restored
	// packets are completed; they wrap after 186 s.
	maxStampAge = 30 * time.Second
)

func (p *parity) seq(i int) int64 { return p.first + int64(i)*int64(p.Stride) }

func (p *parity) covers(v int64) bool {
	d := v - p.first
	return d >= 0 && d%int64(p.Stride) == 0 && d/int64(p.Stride) < int64(p.K)
}

// unknown lists the packets that a row covers and that are not there.
func (r *Receiver) unknown(p *parity) []int64 {
	var dst []int64
	for i := range int(p.K) {
		if v := p.seq(i); r.ring.at(v) == nil {
			dst = append(dst, v)
		}
	}
	return dst
}

// hold keeps a row, once.
func (r *Receiver) hold(row *parity) {
	same := func(p *parity) bool {
		return p.first == row.first && p.K == row.K && p.Stride == row.Stride && p.Row.Row == row.Row.Row
	}
	if slices.ContainsFunc(r.rows, same) {
		return
	}
	if len(r.rows) >= maxRowsHeld {
		r.rows = slices.Delete(r.rows, 0, 1)
	}
	r.rows = append(r.rows, row)
}

// covering are the rows held that cover packet v.
func (r *Receiver) covering(v int64) []*parity {
	var rows []*parity
	for _, p := range r.rows {
		if p.covers(v) {
			rows = append(rows, p)
		}
	}
	return rows
}

// solveWith looks whether packet v, which is there now, was the last one needed.
func (r *Receiver) solveWith(v int64) {
	if len(r.rows) == 0 {
		return
	}
	if rows := r.covering(v); len(rows) > 0 {
		r.solve(rows)
	}
}

// component finds all rows held that share unknown packets with the given ones,
// directly or through others, and these packets, in order. Rows without unknown
// packets are left out.
func (r *Receiver) component(seed []*parity) (rows []*parity, unknown []int64) {
	in := make(map[int64]bool)
	take := func(p *parity, u []int64) {
		rows = append(rows, p)
		for _, v := range u {
			in[v] = true
		}
	}
	for _, p := range seed {
		if u := r.unknown(p); len(u) > 0 {
			take(p, u)
		}
	}
	for more := len(rows) > 0; more; {
		more = false
		for _, p := range r.rows {
			u := r.unknown(p)
			if slices.Contains(rows, p) || !slices.ContainsFunc(u, func(v int64) bool { return in[v] }) {
				continue
			}
			take(p, u)
			more = true
		}
	}
	for v := range in {
		unknown = append(unknown, v)
	}
	slices.Sort(unknown)
	return rows, unknown
}

// solve restores what can be restored with the given rows and those connected
// with them.
func (r *Receiver) solve(seed []*parity) {
	rows, unknown := r.component(seed)
	if len(unknown) > 0 && (len(rows) >= len(unknown) || differ(rows)) && r.fold(rows) {
		r.restore(rows, unknown)
	}
	r.rows = slices.DeleteFunc(r.rows, func(p *parity) bool { return len(r.unknown(p)) == 0 })
}

// differ tells whether the rows are not all over the same packets: only then can
// fewer rows than unknown packets solve some of them.
func differ(rows []*parity) bool {
	for _, p := range rows[1:] {
		if p.first != rows[0].first || p.K != rows[0].K || p.Stride != rows[0].Stride {
			return true
		}
	}
	return false
}

// fold takes out of the rows every packet that is there. A row into which a
// packet does not fit was not made of these packets: it is dropped.
func (r *Receiver) fold(rows []*parity) bool {
	for _, p := range rows {
		for i := range int(p.K) {
			word, bit := &p.folded[i/64], uint64(1)<<(i%64)
			raw := r.ring.at(p.seq(i))
			if raw == nil || *word&bit != 0 {
				continue
			}
			if !p.Fold(p.Body, i, raw) {
				r.drop([]*parity{p})
				return false
			}
			*word |= bit
		}
	}
	return true
}

func (r *Receiver) drop(rows []*parity) {
	r.rows = slices.DeleteFunc(r.rows, func(p *parity) bool { return slices.Contains(rows, p) })
}

// restore solves the rows for the unknown packets.
func (r *Receiver) restore(rows []*parity, unknown []int64) {
	lines := make([]fec.Row, len(rows))
	for i, p := range rows {
		lines[i] = p.Row
	}
	seqs := make([]uint16, len(unknown))
	for i, v := range unknown {
		seqs[i] = uint16(v)
	}
	for i, symbol := range fec.Solve(lines, seqs) {
		if symbol == nil || unknown[i] <= r.ring.highest-ringSize {
			continue
		}
		raw, err := fec.Restore(symbol, r.ssrc, seqs[i], r.stamp)
		if err != nil { // forged: nothing these rows say can be relied on
			r.drop(rows)
			return
		}
		r.ring.fill(unknown[i], raw)
		r.ready = append(r.ready, raw)
		r.stats.Restored++
	}
}
