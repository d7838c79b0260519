package rule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind is what a figure counts in.
type Kind uint8

// The kinds.
const (
	Ratio     Kind = iota // a share, 0 to 1; written in per cent
	Time                  // in milliseconds
	Count                 // a whole number
	TimeHour              // milliseconds per hour
	BytesHour             // megabytes per hour
	CountHour             // per hour
)

// Unit is what a value is in, in the JSON.
func (k Kind) Unit() string {
	return [...]string{
		Ratio: "ratio", Time: "ms", Count: "count", TimeHour: "ms/h", BytesHour: "MB/h", CountHour: "1/h",
	}[k]
}

// Never is the value of a time that did not come. It misses every upper limit.
var Never = math.Inf(1) //nolint:gochecknoglobals // a constant, which the language does not let it be

// Parse reads a limit of the kind, as it stands in a rule. It is never below 0, never
// infinite.
func (k Kind) Parse(s string) (float64, error) {
	switch k {
	case Time:
		return parseTime(s)
	case Ratio:
		return ParseShare(s)
	case TimeHour:
		number, ok := strings.CutSuffix(s, "/h")
		v, err := parseTime(strings.TrimSpace(number))
		if !ok || err != nil {
			return 0, fmt.Errorf("%q is not a time per hour: write it like 1ms/h", s)
		}
		return v, nil
	case BytesHour:
		if strings.HasSuffix(s, "kB/h") {
			return parseNumber(s, "kB/h", "e-3", "1MB/h or 64kB/h")
		}
		return parseNumber(s, "MB/h", "", "1MB/h or 64kB/h")
	case CountHour:
		return parseNumber(s, "/h", "", "0.5/h")
	case Count:
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a count: write it like 0 or 3", s)
	}
	return float64(n), nil
}

func parseTime(s string) (float64, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time: write it like 130ms or 8s", s)
	}
	return float64(d) / float64(time.Millisecond), nil
}

// ParseShare reads a percentage up to 1000 % as a share.
func ParseShare(s string) (float64, error) {
	number, ok := strings.CutSuffix(s, "%")
	// Read as a share at once: 99.9 divided by 100 is a little above 0.999.
	v, err := strconv.ParseFloat(strings.TrimSpace(number)+"e-2", 64)
	if !ok || err != nil || !(v >= 0 && v <= 10) { // false for NaN too
		return 0, fmt.Errorf("%q is not a percentage: write it like 99.9%%", s)
	}
	return v, nil
}

// parseNumber reads a number with its unit; the exponent makes our unit of it.
func parseNumber(s, unit, exponent, example string) (float64, error) {
	number, ok := strings.CutSuffix(s, unit)
	v, err := strconv.ParseFloat(strings.TrimSpace(number)+exponent, 64)
	if !ok || err != nil || !(v >= 0) || math.IsInf(v, 0) { // not NaN either
		return 0, fmt.Errorf("%q is no limit here: write it like %s", s, example)
	}
	return v, nil
}

// Text writes a value of the kind for people; "never" for one that is no number.
func (k Kind) Text(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "never"
	}
	number := func(digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	switch k {
	case Ratio:
		if v < 1 && v > 0.9999 { // never rounded to 100: that is said only where it is so
			return "99.99 %"
		}
		return strconv.FormatFloat(100*v, 'f', 2, 64) + " %"
	case Time:
		return timeText(v)
	case TimeHour:
		return number(2) + " ms/h"
	case BytesHour:
		return number(3) + " MB/h"
	case CountHour:
		return number(2) + "/h"
	case Count:
	}
	return number(-1)
}

func timeText(ms float64) string {
	switch {
	case ms >= 10_000:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	}
	return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
}
