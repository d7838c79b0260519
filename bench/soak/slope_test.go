package soak

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// series is eight hours of a figure, a value every ten seconds.
func series(hours float64, f func(at time.Duration) float64) (points []Point) {
	for at := time.Duration(0); at < time.Duration(hours*float64(time.Hour)); at += 10 * time.Second {
		points = append(points, Point{At: at, V: f(at)})
	}
	return points
}

// noisy is repeatable noise with a deviation of one.
func noisy(seed uint64) func() float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	return random.NormFloat64
}

func TestALineHasItsSlopeExactly(t *testing.T) {
	s := Fit(series(8, func(at time.Duration) float64 { return 40 + 3*at.Hours() }), false)
	for _, got := range []float64{s.PerHour, s.Low, s.High} {
		if math.Abs(got-3) > 1e-9 {
			t.Errorf("%+v", s)
		}
	}
	if s.Noise > 1e-9 || s.Points != pointsMost {
		t.Errorf("%+v", s)
	}
}

func TestTheIntervalHoldsTheTruth(t *testing.T) {
	for _, slope := range []float64{-2, 0, 0.3, 5} {
		missed := 0
		for seed := range uint64(200) {
			noise := noisy(seed)
			s := Fit(series(2, func(at time.Duration) float64 { return slope*at.Hours() + noise() }), false)
			if s.Low > slope || s.High < slope {
				missed++
			}
			if s.Low > s.PerHour || s.High < s.PerHour {
				t.Fatalf("seed %d: the interval is beside the slope: %+v", seed, s)
			}
		}
		if missed > 20 { // ten of 200 are expected of a 95 % interval
			t.Errorf("slope %v: %d of 200 intervals miss it", slope, missed)
		}
	}
}

func TestOutliersDoNotBendTheSlope(t *testing.T) {
	n := 0
	s := Fit(series(8, func(time.Duration) float64 {
		if n++; n%10 == 0 {
			return 5000 // an outage
		}
		return 40
	}), false)
	if s.PerHour != 0 || s.Low != 0 || s.High != 0 {
		t.Errorf("%+v", s)
	}
}

func TestTheFloorOfASeriesIsFlatUnderVisitors(t *testing.T) {
	n := 0
	points := series(8, func(at time.Duration) float64 {
		if n++; n%7 == 0 {
			return 100 // nobody visits
		}
		return 100 + 20*at.Hours() // more visitors every hour
	})
	if s := Fit(points, true); s.PerHour != 0 {
		t.Errorf("%+v", s)
	}
	if s := Fit(points, false); s.PerHour < 15 {
		t.Errorf("without floor: %+v", s)
	}
}

func TestTooFewPointsHaveNoInterval(t *testing.T) {
	for n := range pointsLeast {
		points := make([]Point, n)
		for i := range points {
			points[i] = Point{At: time.Duration(i) * time.Minute, V: float64(i)}
		}
		if s := Fit(points, false); !math.IsInf(s.Low, -1) || !math.IsInf(s.High, 1) {
			t.Errorf("%d points: %+v", n, s)
		}
	}
}

func TestNoiseThatWandersWidensTheInterval(t *testing.T) {
	noise := noisy(3)
	white := Fit(series(8, func(time.Duration) float64 { return noise() }), false)
	walk := 0.0
	wander := Fit(series(8, func(time.Duration) float64 { walk += noise() / 20; return walk }), false)
	if wander.High-wander.Low < 3*(white.High-white.Low) {
		t.Errorf("white %+v, wandering %+v", white, wander)
	}
}
