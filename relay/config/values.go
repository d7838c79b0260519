package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration written with its unit, as in "60ms" or "2s".
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it like 60ms or 2s", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes the duration the way it is read.
func (d Duration) String() string { return time.Duration(d).String() }

// Weight weighs one machine against others: a whole number, 1 to 1000. The zero value is
// none, and counts as 1.
type Weight int

// maxWeight is more than machines differ by.
const maxWeight = 1000

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *Weight) UnmarshalText(b []byte) error {
	v, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || v < 1 || v > maxWeight {
		return fmt.Errorf("%q is not a whole number from 1 to %d", b, maxWeight)
	}
	*w = Weight(v)
	return nil
}

// Rate is a bit rate in bit/s, written with its unit, as in "4Mbit/s".
type Rate int64

// rateUnits are the units of Rate, the largest first. They are decimal, as
// network engineers count.
var rateUnits = [...]struct { //nolint:gochecknoglobals // a lookup table
	name string
	bits int64
}{
	{"Gbit/s", 1e9},
	{"Mbit/s", 1e6},
	{"kbit/s", 1e3},
	{"bit/s", 1},
}

// maxRate is 100 Gbit/s: beyond any network card we know, and far from overflow.
const maxRate = 100e9

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(b []byte) error {
	s := strings.TrimSpace(string(b))
	for _, u := range rateUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil {
			break
		}
		v *= float64(u.bits)
		if !(v >= 0 && v <= maxRate) { // false for NaN too
			return fmt.Errorf("%q is not between 0 and 100Gbit/s", b)
		}
		*r = Rate(v)
		return nil
	}
	return fmt.Errorf("%q is not a rate: write it like 4Mbit/s or 500kbit/s", b)
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String writes the rate in the largest unit that leaves at least one.
func (r Rate) String() string {
	for _, u := range rateUnits {
		if int64(r) >= u.bits {
			return strconv.FormatFloat(float64(r)/float64(u.bits), 'f', -1, 64) + u.name
		}
	}
	return "0bit/s"
}

// UnmarshalText implements encoding.TextUnmarshaler: a parent that is only an
// address.
func (p *Parent) UnmarshalText(b []byte) error {
	*p = Parent{Address: string(b)}
	return nil
}
