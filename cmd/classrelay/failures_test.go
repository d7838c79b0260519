package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testDeclared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	inCode       = regexp.MustCompile("`([^`]+)`")
)

// declaredTests are all tests in the tree.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		for _, m := range testDeclared.FindAllStringSubmatch(string(data), -1) {
			found[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Each row of the table of failures names what shows it: tests that are there, or a
// command, which TestCommandsInTheDocsExist does not look for in tables.
func TestEveryFailureHasWhatShowsIt(t *testing.T) {
	data, err := os.ReadFile("../../docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, rows := declaredTests(t), 0
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 6 {
			t.Errorf("%d cells, want 6: %s", len(cells), line)
			continue
		}
		if rows++; rows <= 2 {
			continue // the heading, and the line below it
		}
		for i, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("cell %d is empty: %s", i+1, line)
			}
		}
		shown := inCode.FindAllStringSubmatch(cells[5], -1)
		if len(shown) == 0 {
			t.Errorf("nothing shows it: %s", line)
		}
		for _, m := range shown {
			switch by := m[1]; {
			case strings.HasPrefix(by, "Test"):
				if !tests[by] {
					t.Errorf("there is no %s, which is to show: %s", by, cells[0])
				}
			case strings.HasPrefix(by, "classrelay "):
				if r := program(t, "", append(strings.Fields(by)[1:], "--help")...); r.status != 0 {
					t.Errorf("%s: %s", by, r.err)
				}
			case !strings.HasPrefix(by, "make "):
				t.Errorf("%s is neither a test nor a command", by)
			}
		}
	}
	if rows < 12 {
		t.Errorf("%d rows", rows)
	}
}
