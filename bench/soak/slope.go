package soak

import (
	"math"
	"slices"
	"time"
)

// Point is a figure at a time since the start.
type Point struct {
	At time.Duration
	V  float64
}

// Slope is how fast a figure grows, per hour, in the figure's unit.
type Slope struct {
	PerHour   float64
	Low, High float64 // 95 % interval; infinite when there is too little to tell
	// Noise is how far the points scatter around the line, as a standard deviation
	// that single outliers do not move.
	Noise  float64
	Points int // after thinning
	Span   time.Duration
}

const (
	// pointsMost is how many points a slope is fitted to: eight hours become points
	// of ten minutes, far apart beside the seconds in which a garbage collector
	// breathes.
	pointsMost = 48
	// pointsLeast is how many a slope with an interval needs.
	pointsLeast = 8
	// together is how many neighbours make one point, in a run that is long enough
	// to have pointsLeast of them.
	together = 5
	// sure is the normal quantile of a 95 % interval.
	sure = 1.96
	// madToDeviation makes a standard deviation of a median absolute deviation.
	madToDeviation = 1.4826
)

// Fit returns the Theil–Sen slope of points in order of time. Its interval is the
// one of Kendall's test (Sen 1968), widened where neighbours deviate alike, since
// such points tell less than their number says. A point stands for several
// neighbours: their median, or their lowest value.
func Fit(points []Point, lowest bool) Slope {
	points = thin(points, min(pointsMost, max(pointsLeast, len(points)/together)), lowest)
	s := Slope{Points: len(points), Low: math.Inf(-1), High: math.Inf(1), PerHour: math.NaN(), Noise: math.NaN()}
	if len(points) < 2 {
		return s
	}
	s.Span = points[len(points)-1].At - points[0].At
	slopes := pairSlopes(points)
	if len(slopes) == 0 {
		return s
	}
	s.PerHour = middle(slopes)
	rest := residuals(points, s.PerHour)
	s.Noise = deviation(rest)
	if n := float64(len(points)); len(points) >= pointsLeast {
		c := sure * math.Sqrt(n*(n-1)*(2*n+5)/18) * stretch(rest)
		all := float64(len(slopes))
		if low := int((all - c) / 2); all > c {
			s.Low, s.High = slopes[low], slopes[len(slopes)-1-low]
		}
	}
	return s
}

// pairSlopes are the slopes between all pairs, per hour, sorted.
func pairSlopes(points []Point) (slopes []float64) {
	for i := range points {
		for j := i + 1; j < len(points); j++ {
			if d := points[j].At - points[i].At; d > 0 {
				slopes = append(slopes, (points[j].V-points[i].V)/d.Hours())
			}
		}
	}
	slices.Sort(slopes)
	return slopes
}

// thin makes at most so many points, each the median or the lowest of neighbours.
func thin(points []Point, most int, lowest bool) []Point {
	n := len(points)
	if n <= most {
		return points
	}
	thinned := make([]Point, most)
	for i := range thinned {
		group := points[i*n/most : (i+1)*n/most]
		var at time.Duration
		values := make([]float64, len(group))
		for j, p := range group {
			at += p.At / time.Duration(len(group))
			values[j] = p.V
		}
		slices.Sort(values)
		thinned[i] = Point{At: at, V: middle(values)}
		if lowest {
			thinned[i].V = values[0]
		}
	}
	return thinned
}

// residuals is how far each point lies from the line through the median.
func residuals(points []Point, perHour float64) []float64 {
	rest := make([]float64, len(points))
	for i, p := range points {
		rest[i] = p.V - perHour*p.At.Hours()
	}
	m := middle(slices.Sorted(slices.Values(rest)))
	for i := range rest {
		rest[i] -= m
	}
	return rest
}

func deviation(rest []float64) float64 {
	size := make([]float64, len(rest))
	for i, r := range rest {
		size[i] = math.Abs(r)
	}
	slices.Sort(size)
	return madToDeviation * middle(size)
}

// stretch is by how much an interval widens when each deviation foretells the next
// one: n points with the correlation r tell as much as n(1−r)/(1+r).
func stretch(rest []float64) float64 {
	var own, next float64
	for i, r := range rest {
		own += r * r
		if i > 0 {
			next += r * rest[i-1]
		}
	}
	if own == 0 {
		return 1
	}
	const most = 0.95 // beyond it nothing can be told anyway
	r := min(max(next/own, 0), most)
	return math.Sqrt((1 + r) / (1 - r))
}

// middle is the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
