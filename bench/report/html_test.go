package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/classrelay/classrelay/bench/scenario"
)

// drawn is the page of a report, as text and as a tree.
func drawn(t *testing.T, r *scenario.Report) (string, *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), root
}

// all are the elements with a tag.
func all(root *html.Node, tag string) (found []*html.Node) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			found = append(found, n)
		}
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what an element says, without whose languages.
func text(n *html.Node, without string) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && (attr(n, "class") == without || n.Data == "script" || n.Data == "style") {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(n)
	return b.String()
}

func TestThePageStandsAlone(t *testing.T) {
	for name, r := range cases() {
		t.Run(name, func(t *testing.T) {
			page, root := drawn(t, r)
			for _, n := range append(all(root, "link"), all(root, "img")...) {
				t.Errorf("it loads something: %s", n.Data)
			}
			for n := range root.Descendants() {
				if src := attr(n, "src"); src != "" {
					t.Errorf("<%s src=%q>", n.Data, src)
				}
				if href := attr(n, "href"); href != "" && !strings.HasPrefix(href, "#") {
					t.Errorf("<%s href=%q>", n.Data, href)
				}
			}
			if regexp.MustCompile(`https?://|url\(|@import`).MatchString(page) {
				t.Error("there is an address in it")
			}
			if n := len(all(root, "script")); n != 1 {
				t.Errorf("%d scripts: a name has become one", n)
			}
			for n := range root.Descendants() {
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Val == "ZgotmplZ" {
						t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
					}
				}
			}
		})
	}
}

func TestPicturesHaveNoNumberThatIsNone(t *testing.T) {
	number := regexp.MustCompile(`-?\d+(\.\d+)?`)
	for name, r := range cases() {
		t.Run(name, func(t *testing.T) {
			page, root := drawn(t, r)
			if bad := regexp.MustCompile(`NaN|\bInf\b`).FindString(page); bad != "" {
				t.Errorf("there is %s in it", bad)
			}
			for _, p := range all(root, "path") {
				if attr(p.Parent, "class") == "icon" {
					continue
				}
				d := attr(p, "d")
				for _, s := range number.FindAllString(d, -1) {
					if v, err := strconv.ParseFloat(s, 64); err != nil || v < 0 || v > sheetWidth {
						t.Fatalf("%q lies outside of the sheet: %q", s, d)
					}
				}
				if left := number.ReplaceAllString(d, ""); strings.Trim(left, "MLHVZhlvz ") != "" {
					t.Fatalf("what is %q in a path?", left)
				}
			}
		})
	}
}

func TestThePageSaysWhatCounts(t *testing.T) {
	_, root := drawn(t, sample())
	zh, en := text(root, "en"), text(root, "zh")
	for _, want := range []string{"不合格", "线路验收报告", "签字", "断线", "从未", "没有任何回报", "最高 1500\u00a0ms"} {
		if !strings.Contains(zh, want) {
			t.Errorf("the Chinese page does not say %q", want)
		}
	}
	for _, want := range []string{"Not passed", "2 of 3 rules missed", "the line was cut", "beside it 1 bulk TCP (the system's control)", "never", "110\u00a0ms", "seed 2", hostile[:20]} {
		if !strings.Contains(en, want) {
			t.Errorf("the English page does not say %q", want)
		}
	}
	if strings.Contains(en, "不合格") || strings.Contains(zh, "Not passed") {
		t.Error("one language shows in the other")
	}
	if _, root := drawn(t, interrupted()); !strings.Contains(text(root, "zh"), "this is no pass") {
		t.Error("an interrupted bench looks like one that passed")
	}
	if _, root := drawn(t, busy()); !strings.Contains(text(root, "zh"), "in 2 of 2 runs the emulator was late") {
		t.Error("nobody is told that the machine was too busy")
	}
}

func TestEachWordIsThereInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%(\[\d\])?v`)
	han := regexp.MustCompile(`\p{Han}`)
	for key, w := range words {
		if w.zh == "" || w.en == "" {
			t.Errorf("%s: %q, %q", key, w.zh, w.en)
		}
		if a, b := verbs.FindAllString(w.zh, -1), verbs.FindAllString(w.en, -1); len(a) != len(b) {
			t.Errorf("%s: %v in Chinese, %v in English", key, a, b)
		}
		if han.MatchString(w.en) {
			t.Errorf("%s: Chinese in English: %q", key, w.en)
		}
	}
	for _, f := range scenario.Figures() {
		if _, ok := words["figure."+f.Name]; !ok {
			t.Errorf("the figure %s has no words", f.Name)
		}
	}
	if _, err := say("no such word"); err == nil {
		t.Error("a word that is not there is no error")
	}
}

func TestNoWordIsLeftThatNobodySays(t *testing.T) {
	used := pageHTML + strings.Join(goFiles(t), "")
	for key := range words {
		kind, _, _ := strings.Cut(key, ".")
		switch kind {
		case "figure", "cause", "switch", "layer", "verdict":
			continue // named by the bench
		}
		if !strings.Contains(used, `"`+key+`"`) {
			t.Errorf("nobody says %q", key)
		}
	}
}

func TestAKeptResultIsDrawnAgainTheSame(t *testing.T) {
	r := sample()
	var kept bytes.Buffer
	if err := r.WriteJSON(&kept); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(kept.Bytes()) {
		t.Fatalf("no JSON: %s", kept.String())
	}
	again, err := Read(&kept)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := drawn(t, r)
	second, _ := drawn(t, again)
	if first != second {
		t.Error("the second page differs")
	}
	for _, bad := range []string{"", "[]", "{}", `{"schema":2,"bench":"run"}`, `{"schema":1,"bench":"fit"}`} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken for a result", bad)
		}
	}
}

// FuzzRead draws whatever can be read: a file may have been edited by hand.
func FuzzRead(f *testing.F) {
	for _, r := range cases() {
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"schema":1,"bench":"run","scenarios":[{"runs":[{"timeline":{"step_ms":-1,"max_ms":[1e308,null],
"p50_ms":[1],"frames_late":[1,2],"rate_bit_s":[1e308],"latency_cdf":{"ms":[1e308],"share":[5]}}}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteHTML(&b, r); err != nil {
			t.Fatal(err)
		}
	})
}
