package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// goodbye is how long a program may take to end when it is asked to.
	goodbye = 3 * time.Second
	// lastLines is how much of what a program wrote is kept, to tell why it died.
	lastLines = 8
	// lineLength is what is kept of a line.
	lineLength = 400
)

// process is a program of a peer that runs until it is stopped.
type process struct {
	name  string // as in "hub: mediamtx"
	cmd   *exec.Cmd
	said  *words
	ended chan struct{} // closed when it has ended
	err   error         // how; only after ended
}

// start starts a command at an end, in a folder. What it writes goes to echo too.
func start(at end, side, dir string, command []string, echo io.Writer) (*process, error) {
	p := &process{
		name:  side + ": " + filepath.Base(command[0]),
		said:  &words{echo: echo},
		ended: make(chan struct{}),
	}
	// Not bound to a context: stop asks first, and only then kills.
	p.cmd = at.Command(context.Background(), command[0], command[1:]...)
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.WaitDelay = goodbye // for a child of it that holds our pipe
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	go func() { // ends with the program, which stop ends
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// ErrDied is wrapped by the error of a program that ended by itself.
var ErrDied = errors.New("it ended by itself")

// died is the error of a program that has ended, with its last words.
func (p *process) died() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	last := p.said.last()
	if last == "" {
		return fmt.Errorf("%s: %w (%s) without a word", p.name, ErrDied, how)
	}
	return fmt.Errorf("%s: %w (%s): %s", p.name, ErrDied, how, last)
}

// ready waits until a program can be used.
func (p *process) ready(ctx context.Context, at end, want Program) error {
	ctx, cancel := context.WithTimeout(ctx, want.Within)
	defer cancel()
	const look = 20 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		if (want.Says == "" || p.said.has(want.Says)) && (want.Port == "" || at.accepts(ctx, want.Port)) {
			return nil
		}
		select {
		case <-p.ended:
			return p.died()
		case <-ctx.Done():
			return fmt.Errorf("%s: not ready after %s: %s", p.name, want.Within, p.said.last())
		case <-tick.C:
		}
	}
}

// stop ends the program and its children, and waits. It may be called twice.
func (p *process) stop() {
	select {
	case <-p.ended:
	default:
		ask(p.cmd)
		select {
		case <-p.ended:
		case <-time.After(goodbye):
		}
	}
	kill(p.cmd) // and children that are left
	<-p.ended
}

// cpu is what the program and its children have used, when it has ended.
func (p *process) cpu() time.Duration {
	s := p.cmd.ProcessState
	if s == nil {
		return 0
	}
	return s.UserTime() + s.SystemTime()
}

// words keeps the last lines of what a program writes, and knows whether it ever
// wrote what somebody waits for. It is an io.Writer for one program; its methods are
// safe for concurrent use.
type words struct {
	echo io.Writer // nil: nobody

	mu    sync.Mutex
	lines []string
	part  string // a line without its end
	all   strings.Builder
}

// enoughWords is how much is searched by has: what a program says when it starts.
const enoughWords = 1 << 20

// Write takes a piece of output. It never fails.
func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.echo != nil {
		_, _ = w.echo.Write(b) // a broken terminal does not hurt the run
	}
	if w.all.Len() < enoughWords {
		w.all.Write(b)
	}
	lines := strings.Split(w.part+string(b), "\n")
	w.part = lines[len(lines)-1]
	w.part = w.part[:min(len(w.part), lineLength)]
	for _, l := range lines[:len(lines)-1] {
		if l = strings.TrimSpace(l); l != "" {
			w.lines = append(w.lines, l[:min(len(l), lineLength)])
		}
	}
	w.lines = w.lines[max(0, len(w.lines)-lastLines):]
	return len(b), nil
}

// has tells whether a text was ever written.
func (w *words) has(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(w.all.String(), text)
}

// last are the last lines, with a bar between them.
func (w *words) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := w.lines
	if part := strings.TrimSpace(w.part); part != "" {
		lines = append(lines[:len(lines):len(lines)], part)
	}
	return strings.Join(lines, " | ")
}
