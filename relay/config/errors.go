package config

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	// Key is the path of the key, as in feeds.room-101.main or parents[0].
	// Empty when the file itself is the problem.
	Key string
	// What says what is wrong, and where possible what to do.
	What string
	// Line and Column count from one; zero when they are not known.
	Line, Column int
}

// Error is everything wrong with a configuration, in the order of the file.
type Error struct {
	File     string // empty for a Config that was not read from a file
	Problems []Problem
}

// Error gives one line per problem: FILE:LINE:COLUMN: KEY: WHAT.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = e.line(p)
	}
	return strings.Join(lines, "\n")
}

func (e *Error) line(p Problem) string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.What)
	return b.String()
}
