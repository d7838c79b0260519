package listing

import (
	"bytes"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	good := Result{Schools: 500, Streams: 4, ListedAbove: 1500, Memory: 500, CPU: 27, NewAbove: Spread{P95: 45}}
	if missed := Defaults().Missed(&good); len(missed) != 0 {
		t.Errorf("missed: %v", missed)
	}
	for name, spoil := range map[string]func(*Result){
		"all listed": func(r *Result) { r.ListedAbove = 9001 },
		"memory":     func(r *Result) { r.Memory = 1001 },
		"CPU":        func(r *Result) { r.CPU = 61 },
		"a new feed": func(r *Result) { r.NewAbove.P95 = 501 },
	} {
		r := good
		spoil(&r)
		if missed := Defaults().Missed(&r); len(missed) != 1 || !strings.HasPrefix(missed[0], name) {
			t.Errorf("%s: %v", name, missed)
		}
	}
	var b bytes.Buffer
	if err := good.Print(&b); err != nil || !strings.Contains(b.String(), "500, 2000") {
		t.Errorf("%v: %s", err, b.String())
	}
}

func TestSpread(t *testing.T) {
	if s := spreadOf(nil); s != (Spread{}) {
		t.Errorf("%+v", s)
	}
	if s := spreadOf([]float64{5, 1, 3, 2, 4}); s != (Spread{Median: 3, P95: 5, Highest: 5}) {
		t.Errorf("%+v", s)
	}
}
