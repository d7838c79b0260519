package county

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"
)

// goodbye is how long a node may take to end when it is asked to.
const goodbye = 5 * time.Second

// node is a node in a process of its own.
type node struct {
	place string
	ended chan struct{} // closed when it has ended
	cmd   *exec.Cmd
	log   string // the file it writes to
}

// startNode starts a node from its configuration in the county's folder.
func (c *County) startNode(place string) error {
	text, err := yaml.Marshal(c.config(place))
	if err != nil {
		return err
	}
	file := filepath.Join(c.cfg.Dir, place+".yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	n := &node{place: place, ended: make(chan struct{}), log: filepath.Join(c.cfg.Dir, place+".log")}
	out, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the process has its own by then
	// Not bound to a context: stop asks first, and only then kills.
	n.cmd = exec.CommandContext(context.Background(), c.cfg.Program, "serve", "--config", file) //nolint:gosec // our own
	n.cmd.Stdout, n.cmd.Stderr = out, out
	n.cmd.Env = append(os.Environ(), c.cfg.Env...)
	if err := n.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", place, err)
	}
	go func() { // ends with the process, which stop or kill ends
		_ = n.cmd.Wait() // how it ended is in its log
		close(n.ended)
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[place] = n
	return nil
}

// kill is kill -9, and waits.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // it has ended before
	<-n.ended
}

// stop lets it say goodbye, and waits.
func (n *node) stop() {
	_ = n.cmd.Process.Signal(os.Interrupt) // it has ended before
	select {
	case <-n.ended:
	case <-time.After(goodbye):
		n.kill()
	}
}

// errEnded is wrapped when a node ended that nobody had killed.
var errEnded = errors.New("it has ended by itself")

// alive finds a node that has ended by itself.
func (c *County) alive() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		select {
		case <-n.ended:
			return fmt.Errorf("%s: %w: %s", n.place, errEnded, lastWords(n.log))
		default:
		}
	}
	return nil
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
