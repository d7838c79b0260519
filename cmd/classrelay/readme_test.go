package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/relay/config"
)

// block is a fenced code block of a Markdown page.
type block struct{ language, text string }

// page reads the headings' levels and the code blocks of a page.
func page(t *testing.T, path string) (levels []int, blocks []block) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case open == nil && strings.HasPrefix(trimmed, "```"):
			open = &block{language: trimmed[3:]}
		case open != nil && trimmed == "```":
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(line, "#"):
			levels = append(levels, strings.IndexByte(line, ' '))
		}
	}
	return levels, blocks
}

func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob("../../docs/decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]string{"../../README.md", "../../README.zh-CN.md"}, docs, decisions)
}

func TestBothREADMEsAreInStep(t *testing.T) {
	levels, blocks := page(t, "../../README.md")
	zhLevels, zhBlocks := page(t, "../../README.zh-CN.md")
	if !slices.Equal(levels, zhLevels) {
		t.Errorf("headings %v, in Chinese %v", levels, zhLevels)
	}
	if !slices.Equal(blocks, zhBlocks) {
		t.Errorf("code blocks\n%v\nin Chinese\n%v", blocks, zhBlocks)
	}
}

func TestCommandsInTheDocsExist(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, path := range pages(t) {
		_, blocks := page(t, path)
		for _, b := range blocks {
			if b.language != "sh" && b.language != "ini" {
				continue
			}
			for line := range strings.Lines(b.text) {
				if verb, ok := strings.CutPrefix(strings.TrimSpace(line), "make "); ok {
					commands++
					if !bytes.Contains(makefile, []byte("\n"+strings.Fields(verb)[0]+":")) {
						t.Errorf("%s: the Makefile has no %s", path, verb)
					}
				}
				if args := invocation(line); args != nil {
					commands++
					checkInvocation(t, path, args)
				}
			}
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands were found: has the form of the pages changed?", commands)
	}
}

var invoked = regexp.MustCompile(`(?:^|[\s/])classrelay ([a-z].*)$`)

// invocation is what follows the program's name in a line of shell or of a unit.
func invocation(line string) []string {
	m := invoked.FindStringSubmatch(strings.TrimSpace(line))
	if m == nil {
		return nil
	}
	args, _, _ := strings.Cut(m[1], "|")
	args, _, _ = strings.Cut(args, ">")
	return strings.Fields(args)
}

func checkInvocation(t *testing.T, path string, args []string) {
	t.Helper()
	root := newRoot(terminal{in: os.Stdin, out: &bytes.Buffer{}, err: &bytes.Buffer{}})
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root {
		t.Errorf("%s: there is no classrelay %s: %v", path, strings.Join(args, " "), err)
		return
	}
	if slices.Contains(rest, "--help") {
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%s: classrelay %s: %v", path, strings.Join(args, " "), err)
		return
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Errorf("%s: classrelay %s: %v", path, strings.Join(args, " "), err)
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		t.Errorf("%s: classrelay %s: %v", path, strings.Join(args, " "), err)
	}
}

func TestConfigurationsInTheDocsAreRead(t *testing.T) {
	found := 0
	for _, path := range pages(t) {
		_, blocks := page(t, path)
		for _, b := range blocks {
			if b.language != "yaml" || !strings.Contains(b.text, "node: ") {
				continue
			}
			found++
			if _, err := config.Parse(filepath.Base(path), []byte(b.text), config.Source{}); err != nil {
				t.Error(err)
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d configurations were found", found)
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

func TestLinksInTheDocsLeadSomewhere(t *testing.T) {
	for _, path := range pages(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// sources is all Go code that could log a message or name a metric.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, root := range []string{".", "../../relay", "../../ingest", "../../playout", "../../fanout", "../../roq"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			all.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestOperatorsPageNamesWhatIsThere(t *testing.T) {
	data, err := os.ReadFile("../../docs/operator.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	code := sources(t)
	_, messages, ok := strings.Cut(text, "## What the log says")
	if !ok {
		t.Fatal("the page has no list of messages")
	}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?`) \\|").FindAllStringSubmatch(messages, -1) {
		for message := range strings.SplitSeq(strings.Trim(row[1], "`"), "`, `") {
			if !strings.Contains(code, message) {
				t.Errorf("nothing logs %q", message)
			}
		}
	}
	for _, m := range regexp.MustCompile("`classrelay_([a-z_]+)`").FindAllStringSubmatch(text, -1) {
		if !strings.Contains(code, `"`+m[1]+`"`) {
			t.Errorf("there is no metric %s", m[0])
		}
	}
}

func TestEveryDependencyHasAParagraph(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllSubmatch(mod, -1)
	paragraphs := regexp.MustCompile(`(?m)^## (\S+\.\S+)$`).FindAllSubmatch(doc, -1)
	names := func(matches [][][]byte) (list []string) {
		for _, m := range matches {
			list = append(list, string(m[1]))
		}
		slices.Sort(list)
		return list
	}
	if got, want := names(paragraphs), names(direct); !slices.Equal(got, want) {
		t.Errorf("docs/dependencies.md has\n%s\ngo.mod has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
