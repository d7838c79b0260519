package strict

import (
	"errors"
	"testing"
)

func TestWhatIsWrongIsNamedWithItsLine(t *testing.T) {
	type document struct {
		Title string `yaml:"title"`
		Lines []struct {
			Rate string `yaml:"rate"`
		} `yaml:"lines"`
	}
	for name, tt := range map[string]struct{ text, fail, want string }{
		"an unknown key":      {"title: x\nline: 1\n", "", `x.yaml:2: unknown field "line"`},
		"a wrong kind":        {"title: x\nlines: 3\n", "", "x.yaml:2:"},
		"no YAML":             {"title: [\n", "", "x.yaml:"},
		"a value":             {"title: x\nlines:\n  - rate: 1\n  - rate: 2\n", "$.lines[1].rate", "x.yaml:4: lines[1].rate: bad"},
		"one that is missing": {"title: x\n", "$.lines", "x.yaml: lines: bad"},
		"a tag alone":         {"title: x\nlines: !!seq\n", "", "x.yaml: a tag"},
		"nothing":             {"title: x\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var doc document
			f, err := Read("x.yaml", []byte(tt.text), &doc)
			if err == nil {
				if tt.fail != "" {
					f.Fail(tt.fail, "bad")
					f.Fail("$.title", "a second one")
				}
				err = f.Err()
			}
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || len(err.Error()) < len(tt.want) || err.Error()[:len(tt.want)] != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func TestNameIsThatOfTheFile(t *testing.T) {
	for file, want := range map[string]string{"a/b/our-line.yaml": "our-line", "x.yml": "x", "x": "x"} {
		if got := Name(file); got != want {
			t.Errorf("%s: %s", file, got)
		}
	}
}
