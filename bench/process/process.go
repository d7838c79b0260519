// Package process runs a program of the bench beside it, as an operator would start it: a
// node that is to be killed, or whose processor time is to be told from the bench's own.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// goodbye is above what a node takes to stop at most.
const goodbye = 10 * time.Second

// ErrEnded is wrapped by Alive when a program has ended.
var ErrEnded = errors.New("it has ended by itself")

// Process is a program at work. Its methods may be called from any goroutine.
type Process struct {
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // how; only after ended
}

// Start starts a command and adds what it says to the file log. name stands in errors. Make
// cmd with a context that does not end: it is Stop that asks before it kills.
func Start(name, log string, cmd *exec.Cmd) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the process has its own
	p := &Process{name: name, log: log, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { // ends with the program, which Stop or Kill ends
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// PID is the program's number at the system.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive returns why the program is not there any more, with its last words; nil while it is.
func (p *Process) Alive() error {
	select {
	case <-p.ended:
		return errors.Join(fmt.Errorf("%s: %w: %s", p.name, ErrEnded, lastWords(p.log)), p.err)
	default:
		return nil
	}
}

// Stop lets the program say goodbye, and waits.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.ended:
	case <-time.After(goodbye):
		p.Kill()
	}
}

// Kill is kill -9, and waits.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended before
	<-p.ended
}

// lastWords is the end of a log, in one line.
func lastWords(log string) string {
	const enough = 500
	text, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	return string(bytes.ReplaceAll(text[max(0, len(text)-enough):], []byte("\n"), []byte(" | ")))
}
