package selftest

import (
	"math"
	"testing"
)

func TestTheEmulatorKeepsItsWordInVirtualTime(t *testing.T) {
	rows, err := Virtual(200_000, 7)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if r := &rows[i]; r.Missed() {
			t.Errorf("%s: %s, limit %s", r.Name, r.Text(), r.Limit())
		}
	}
	if len(rows) != 16 {
		t.Errorf("%d rows, want 16", len(rows))
	}
}

func TestARowIsMissedOutsideItsBoundsOnly(t *testing.T) {
	for _, c := range []struct {
		name string
		row  Row
		want string
	}{
		{"on the bound", between("p", "n", "u", 2, 1, 2), "met"},
		{"above", between("p", "n", "u", 2.01, 1, 2), "MISSED"},
		{"below", between("p", "n", "u", 0.99, 1, 2), "MISSED"},
		{"no number", between("p", "n", "u", math.NaN(), 1, 2), "MISSED"},
		{"too much", atMost("p", "n", "u", 3, 2), "MISSED"},
		{"only shown", shown("p", "n", "u", 3), ""},
	} {
		if got := c.row.Verdict(); got != c.want || c.row.Missed() != (c.want == "MISSED") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
