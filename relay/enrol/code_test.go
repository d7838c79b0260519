package enrol

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// someCode is a code of a county with these hubs, the same for a seed every time.
func someCode(seed byte, hubs ...string) *Code {
	c := &Code{Hubs: hubs}
	pin := sha256.Sum256([]byte{seed})
	token := sha256.Sum256([]byte{seed, 1})
	copy(c.Pin[:], pin[:])
	copy(c.Token[:], token[:])
	return c
}

func TestACodeComesBackAsItWas(t *testing.T) {
	for _, hubs := range [][]string{
		{"10.0.0.1:4433"},
		{"10.0.0.1:4433", "10.0.0.2:4433"},
		{"hub.example.org:4433", "[2001:db8::7]:5222", "192.0.2.9:1"},
		{strings.Repeat("a", 60) + ".example:65535"},
		slices.Repeat([]string{"county-hub.example.org:4444"}, maxHubs),
	} {
		want := someCode(7, hubs...)
		got, err := ParseCode(want.String())
		if err != nil || !slices.Equal(got.Hubs, want.Hubs) || got.Pin != want.Pin || got.Token != want.Token {
			t.Errorf("%v: %+v, %v", hubs, got, err)
		}
	}
}

func TestACodeIsShortEnoughToType(t *testing.T) {
	for _, tt := range []struct {
		hubs   []string
		groups int
	}{
		{[]string{"10.0.0.1:4433"}, 16},
		{[]string{"10.0.0.1:4433", "10.0.0.2:4433"}, 18},
		{[]string{"hub.example.org:4433"}, 21},
	} {
		s := someCode(1, tt.hubs...).String()
		if n := strings.Count(s, "-") + 1; n != tt.groups {
			t.Errorf("%v: %d groups, want %d: %s", tt.hubs, n, tt.groups, s)
		}
		if s != strings.ToUpper(s) || strings.ContainsAny(s, "ILOU") {
			t.Errorf("%s has letters that are taken for others, or that a QR code has no short form for", s)
		}
	}
}

// This code must be read for ever: it may be on paper.
func TestTheFormOfACode(t *testing.T) {
	const paper = "195ZX-A4HF1-6H2NY-9H9V5-VRQB6-Q36J2-PZHS6-VKWQF-M62F9-69H3D-T4D71-64JCJ-XECT1-A00AS-" +
		"0000K-380BZ-D1TPJ-4BK5B-F1GPG-TW3C6-CM8NB-5J6N2"
	want := someCode(1, "10.0.0.1:4433", "hub.example:4434")
	if got := want.String(); got != paper {
		t.Errorf("it is written %s, want %s", got, paper)
	}
	got, err := ParseCode(paper)
	if err != nil || !slices.Equal(got.Hubs, want.Hubs) || got.Pin != want.Pin || got.Token != want.Token {
		t.Errorf("it reads as %+v, %v", got, err)
	}
}

func TestACodeIsReadAsPeopleWriteIt(t *testing.T) {
	c := someCode(3, "10.0.0.1:4433")
	s := c.String()
	for name, written := range map[string]string{
		"in small letters":      strings.ToLower(s),
		"with spaces":           strings.ReplaceAll(s, "-", " "),
		"in one":                strings.ReplaceAll(s, "-", ""),
		"over two lines":        strings.Replace(s, "-", "\r\n", 1) + "\n",
		"with O for 0, l for 1": strings.NewReplacer("0", "o", "1", "l").Replace(s),
	} {
		if got, err := ParseCode(written); err != nil || got.Token != c.Token {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryMistakeOfOneLetterIsFoundInItsGroup(t *testing.T) {
	s := someCode(5, "10.0.0.1:4433", "hub.example:4433").String()
	plain := []byte(s)
	for i := range plain {
		if plain[i] == '-' {
			continue
		}
		for _, wrong := range []byte(alphabet) {
			if wrong == plain[i] {
				continue
			}
			typed := slices.Clone(plain)
			typed[i] = wrong
			_, err := ParseCode(string(typed))
			if !errors.Is(err, ErrCode) || !strings.Contains(err.Error(), string(typed[i-i%6:i-i%6+5])+") is mistyped") {
				t.Fatalf("letter %d as %c: %v", i, wrong, err)
			}
		}
	}
}

func TestTwoLettersOrGroupsThatChangedPlacesAreFound(t *testing.T) {
	s := someCode(9, "10.0.0.1:4433").String()
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '-' || s[i+1] == '-' || s[i] == s[i+1] {
			continue
		}
		if _, err := ParseCode(s[:i] + string(s[i+1]) + string(s[i]) + s[i+2:]); err == nil {
			t.Errorf("letters %d and %d", i, i+1)
		}
	}
	groups := strings.Split(s, "-")
	for i := range groups {
		for k := range i {
			swapped := slices.Clone(groups)
			swapped[i], swapped[k] = swapped[k], swapped[i]
			if _, err := ParseCode(strings.Join(swapped, "-")); err == nil {
				t.Errorf("groups %d and %d", i, k)
			}
		}
	}
}

func TestCodesThatAreNotTakenSayWhy(t *testing.T) {
	good := someCode(2, "10.0.0.1:4433").String()
	newer := []byte{2<<3 | 1, 0, 0, 0, 0}
	for _, tt := range []struct{ name, code, words string }{
		{"nothing", "", "ends in the middle"},
		{"half of it", good[:43], "7 whole groups"},
		{"a group is missing at the end", good[:len(good)-6], "does not fit together"},
		{"a sign that no code has", "1!" + good[2:], "group 1 has a '!'"},
		{"Chinese signs", "一二三四五", "group 1 has a"},
		{"a newer version", write(newer), "of version 2"},
		{"far too long", strings.Repeat("0", 5000), "longer than any code"},
	} {
		_, err := ParseCode(tt.code)
		if !errors.Is(err, ErrCode) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.words)
		}
	}
}

func TestHubsAsOperatorsWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1":          "10.0.0.1:4433",
		"10.0.0.1:5000":     "10.0.0.1:5000",
		"Hub.Example.ORG":   "hub.example.org:4433",
		"2001:DB8::1":       "[2001:db8::1]:4433",
		"[2001:db8::1]":     "[2001:db8::1]:4433",
		"[2001:db8::1]:99":  "[2001:db8::1]:99",
		"::ffff:10.0.0.1":   "10.0.0.1:4433",
		"10.0.0.1:0":        "",
		"0.0.0.0":           "",
		":4433":             "",
		"fe80::1%eth0":      "",
		"hub.example/x":     "",
		"10.0.0.1:00004433": "",
		"10.0.0.1:70000":    "",
	} {
		got, err := CleanHub(in)
		if want == "" {
			if err == nil {
				t.Errorf("%q is taken as %s", in, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", in, got, err, want)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add(someCode(1, "10.0.0.1:4433").String())
	f.Add(someCode(2, "hub.example:1", "[2001:db8::1]:4433").String())
	f.Add(write(make([]byte, 40)))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 { // right groups of anything
		b := make([]byte, 30+rng.IntN(40))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		b[0] = codeVersion<<3 | b[0]&7
		f.Add(write(b))
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			if !errors.Is(err, ErrCode) {
				t.Errorf("%v is no ErrCode", err)
			}
			return
		}
		again, err := ParseCode(c.String())
		if err != nil || !slices.Equal(again.Hubs, c.Hubs) || again.Pin != c.Pin || again.Token != c.Token {
			t.Errorf("%+v is written as %s, which reads as %+v, %v", c, c, again, err)
		}
	})
}
