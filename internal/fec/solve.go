package fec

import "github.com/klauspost/reedsolomon"

// Row is a repair packet taken apart. Whoever solves rows first folds every
// packet it has out of the body.
type Row struct {
	Header
	Body []byte
}

// Solve finds the symbols of the unknown packets, given by sequence number, that
// the rows determine. All packets that the rows cover and that are not among the
// unknown must have been folded out. The answer has one symbol per unknown, nil
// where the rows are not enough; rows are read only.
//
// It is Gauss–Jordan elimination on the coefficients alone, with a second half
// that remembers how each line was made of the rows; only then are bodies added
// up, and only for what was found. n rows cost n² additions of a body.
func Solve(rows []Row, unknown []uint16) [][]byte {
	lines := coefficients(rows, unknown)
	pivot := eliminate(lines, len(unknown))
	symbols := make([][]byte, len(unknown))
	for i, u := range pivot {
		if u >= 0 && single(lines[i][:len(unknown)], u) {
			symbols[u] = combine(rows, lines[i][len(unknown):])
		}
	}
	return symbols
}

// coefficients has one line per row: its factors of the unknown packets, then
// one column per row for what is added to it.
func coefficients(rows []Row, unknown []uint16) [][]byte {
	width := len(unknown) + len(rows)
	all := make([]byte, len(rows)*width)
	lines := make([][]byte, len(rows))
	for i := range rows {
		line := all[i*width : (i+1)*width : (i+1)*width]
		for u, seq := range unknown {
			if at := rows[i].Index(seq); at >= 0 {
				line[u] = rows[i].Coefficient(at)
			}
		}
		line[len(unknown)+i] = 1
		lines[i] = line
	}
	return lines
}

// eliminate brings the first columns to reduced echelon form and returns which
// column each line leads, −1 for none.
func eliminate(lines [][]byte, columns int) []int {
	var ll reedsolomon.LowLevel
	pivot := make([]int, len(lines))
	for i := range pivot {
		pivot[i] = -1
	}
	for c := range columns {
		lead := -1
		for i, line := range lines {
			if pivot[i] < 0 && line[c] != 0 {
				lead = i
				break
			}
		}
		if lead < 0 {
			continue
		}
		pivot[lead] = c
		ll.GalMulSlice(reedsolomon.Inv(lines[lead][c]), lines[lead], lines[lead])
		for i, line := range lines {
			if i != lead && line[c] != 0 {
				ll.GalMulSliceXor(line[c], lines[lead], line)
			}
		}
	}
	return pivot
}

// single tells whether the line has no factor but that of column u.
func single(line []byte, u int) bool {
	for c, f := range line {
		if f != 0 && c != u {
			return false
		}
	}
	return true
}

func combine(rows []Row, factors []byte) []byte {
	var ll reedsolomon.LowLevel
	longest := 0
	for i := range rows {
		if factors[i] != 0 {
			longest = max(longest, len(rows[i].Body))
		}
	}
	symbol := make([]byte, longest)
	for i := range rows {
		if factors[i] != 0 {
			ll.GalMulSliceXor(factors[i], rows[i].Body, symbol[:len(rows[i].Body)])
		}
	}
	return symbol
}
