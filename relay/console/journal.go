package console

import (
	"sync"
	"time"
)

// Line is one change in words.
type Line struct {
	At    time.Time `json:"at"`
	Level string    `json:"level"` // info or warn
	Code  string    `json:"code"`
	Link  string    `json:"link"` // the other node; empty: none
	Feed  string    `json:"feed"` // empty: none
	Text  Text      `json:"text"`
}

// journalLines bounds the journal: some hundred bytes each, a morning of a bad line.
const journalLines = 500

// Journal keeps the last changes of the node in words. Any goroutine may use it; a nil
// one takes notes and keeps none.
type Journal struct {
	mu    sync.Mutex
	lines []Line // a ring: line n is at n % journalLines
	next  uint64 // number of the next line
	fresh chan struct{}
}

// NewJournal returns an empty journal.
func NewJournal() *Journal { return &Journal{fresh: make(chan struct{})} }

// Note takes a change down. The oldest one makes room.
func (j *Journal) Note(now time.Time, c Change) {
	if j == nil {
		return
	}
	line := c.line(now)
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.lines) < journalLines {
		j.lines = append(j.lines, line)
	} else {
		j.lines[j.next%journalLines] = line
	}
	j.next++
	close(j.fresh)
	j.fresh = make(chan struct{})
}

// Since returns the lines from number n on that are still there, oldest first, the
// number after the last one, and a channel that is closed when there is another.
func (j *Journal) Since(n uint64) (lines []Line, next uint64, fresh <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n > j.next {
		n = 0 // of an earlier run of the node
	}
	first := j.next - uint64(len(j.lines))
	for i := max(n, first); i < j.next; i++ {
		lines = append(lines, j.lines[i%journalLines])
	}
	return lines, j.next, j.fresh
}
