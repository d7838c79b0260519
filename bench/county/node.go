package county

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/classrelay/classrelay/bench/process"
)

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
	cmd := exec.CommandContext(context.Background(), c.cfg.Program, "serve", "--config", file) //nolint:gosec // our own
	cmd.Env = append(os.Environ(), c.cfg.Env...)
	n, err := process.Start(place, filepath.Join(c.cfg.Dir, place+".log"), cmd)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[place] = n
	return nil
}

// alive finds a node that has ended by itself.
func (c *County) alive() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		if err := n.Alive(); err != nil {
			return err
		}
	}
	return nil
}
