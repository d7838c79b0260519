package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// space keeps a number and its unit together.
const space = "\u00a0"

// number writes a value with its unit (ratio, ms or count, as in the JSON) for
// people; the same in every language. A value that never came is no number: see
// words.value.
func number(unit string, v float64) string {
	switch {
	case unit == "ratio" && v < 1 && v > 0.9999:
		return "99.99" + space + "%" // 100 is said only where it is so
	case unit == "ratio":
		return strconv.FormatFloat(100*v, 'f', 2, 64) + space + "%"
	case unit == "ms" && math.Abs(v) >= 10_000:
		return strconv.FormatFloat(v/1000, 'f', 1, 64) + space + "s"
	case unit == "ms" && math.Abs(v) < 10 && v != 0:
		return strconv.FormatFloat(v, 'f', 2, 64) + space + "ms"
	case unit == "ms":
		return strconv.FormatFloat(v, 'f', 0, 64) + space + "ms"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// short writes a number with at most so many digits after the point.
func short(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// rate writes bits a second.
func rate(bits float64) string {
	if bits < 1e6 {
		return short(bits/1e3, 0) + space + "kbit/s"
	}
	return short(bits/1e6, 1) + space + "Mbit/s"
}

// seconds writes a time of the axis.
func seconds(ms float64) string { return short(ms/1000, 1) + space + "s" }

// played writes how long something went on.
func played(total float64) string {
	return (time.Duration(total) * time.Second).Round(time.Second).String()
}
