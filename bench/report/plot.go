package report

import (
	"math"
	"strconv"
	"strings"
)

// Pictures are drawn on a sheet of 1000 by 100, which the page stretches to its own
// size; lines keep their width (vector-effect), and text is not in the picture but
// placed over it by per cent.
const (
	sheetWidth  = 1000.0
	sheetHeight = 100.0
)

// tick is a mark of an axis, in per cent from the left or from the top.
type tick struct {
	At   float64
	Text string
}

// shape is a path on the sheet; its class says how it looks.
type shape struct {
	Class string
	D     string
}

// path builds what stands in an SVG path's d.
type path struct{ b strings.Builder }

func (p *path) to(op byte, x, y float64) {
	p.b.WriteByte(op)
	p.b.WriteString(coordinate(x))
	p.b.WriteByte(' ')
	p.b.WriteString(coordinate(y))
}

// along goes on level (H) or straight up or down (V).
func (p *path) along(op byte, v float64) {
	p.b.WriteByte(op)
	p.b.WriteString(coordinate(v))
}

// box adds a rectangle.
func (p *path) box(x0, y0, x1, y1 float64) {
	p.to('M', x0, y0)
	p.along('H', x1)
	p.along('V', y1)
	p.along('H', x0)
	p.b.WriteByte('Z')
}

func (p *path) shape(class string) shape { return shape{Class: class, D: p.b.String()} }

// coordinate has one digit after the point: a tenth of a thousandth of the width.
func coordinate(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// scale maps values to the sheet; the lower end of a vertical one is at the bottom.
type scale struct {
	from, to float64
	length   float64
	down     bool // the axis goes from the bottom up
}

func across(to float64) scale { return scale{to: to, length: sheetWidth} }
func upward(to float64) scale {
	return scale{to: to, length: sheetHeight, down: true}
}

// at is where a value lies; what is beyond the ends lies on them.
func (s scale) at(v float64) float64 {
	share := 0.0
	if s.to > s.from {
		share = min(max((v-s.from)/(s.to-s.from), 0), 1)
	}
	if s.down {
		share = 1 - share
	}
	return share * s.length
}

// percent is the same for what the page places.
func (s scale) percent(v float64) float64 { return math.Round(s.at(v)/s.length*1e4) / 100 }

// round is a step of 1, 2 or 5 that divides a span into at most n.
func round(span float64, n int) float64 {
	if !(span > 0) || math.IsInf(span, 0) {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, by := range []float64{1, 2, 5, 10} {
		if span/(step*by) <= float64(n) {
			return step * by
		}
	}
	return step * 10
}

// ticks are round values within the scale, at most about n.
func (s scale) ticks(n int, text func(float64) string) (all []tick) {
	step := round(s.to-s.from, n)
	if (s.to-s.from)/step > 100 || math.IsInf(s.to, 0) { // numbers that no run has
		return []tick{{At: s.percent(s.from), Text: text(s.from)}}
	}
	for i := math.Ceil(s.from / step); i*step <= s.to+step/1e6; i++ {
		all = append(all, tick{At: s.percent(i * step), Text: text(i * step)})
	}
	return all
}

// stairs is a line through samples of one width, broken where there is none.
func stairs(x, y scale, step float64, values []float64) *path {
	p := &path{}
	pen := false
	for i, v := range values {
		if math.IsNaN(v) {
			pen = false
			continue
		}
		at := (float64(i) + 0.5) * step
		op := byte('L')
		if !pen {
			op = 'M'
			if i+1 == len(values) || math.IsNaN(values[i+1]) { // alone: a dash, or it would not be seen
				p.to('M', x.at(float64(i)*step), y.at(v))
				p.to('L', x.at(float64(i+1)*step), y.at(v))
				continue
			}
		}
		p.to(op, x.at(at), y.at(v))
		pen = true
	}
	return p
}

// between is the area between two lines of samples.
func between(x, y scale, step float64, low, high []float64) *path {
	p := &path{}
	for i := range min(len(low), len(high)) {
		if math.IsNaN(high[i]) || math.IsNaN(low[i]) {
			continue
		}
		p.box(x.at(float64(i)*step), y.at(high[i]), x.at(float64(i+1)*step), y.at(low[i]))
	}
	return p
}

// bars stand on the bottom of y. Those beside each other are one outline, which
// keeps a page with a hundred runs small.
func bars(x, y scale, step float64, values []float64) *path {
	p := &path{}
	open := false
	for i := 0; i <= len(values); i++ {
		if i == len(values) || !(values[i] > 0) { // false for NaN too
			if open {
				p.along('V', y.at(y.from))
				p.b.WriteByte('Z')
			}
			open = false
			continue
		}
		if !open {
			p.to('M', x.at(float64(i)*step), y.at(y.from))
		}
		open = true
		p.along('V', y.at(values[i]))
		p.along('H', x.at(float64(i+1)*step))
	}
	return p
}

// largest is the largest number there is, at least least.
func largest(least float64, columns ...[]float64) float64 {
	for _, c := range columns {
		for _, v := range c {
			if !math.IsNaN(v) && v > least {
				least = v
			}
		}
	}
	return least
}
