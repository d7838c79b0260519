package county

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"
)

// Listed waits until the directory of the province has the feeds of all schools, and tells
// whether it did before ctx ended.
func (c *County) Listed(ctx context.Context) bool {
	const every = 50 * time.Millisecond
	for ctx.Err() == nil {
		if c.listed(ctx) {
			return true
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
	return false
}

// listed asks once, as an operator does.
func (c *County) listed(ctx context.Context) bool {
	answer, err := c.command(ctx, "status", "--json", "--config", filepath.Join(c.cfg.Dir, province+".yaml"))
	if err != nil {
		return false // not up yet
	}
	var report struct {
		Nodes []struct {
			Feeds []string `json:"feeds"`
		} `json:"nodes"`
	}
	if json.Unmarshal([]byte(answer), &report) != nil {
		return false
	}
	there := make(map[string]bool)
	for _, n := range report.Nodes {
		for _, f := range n.Feeds {
			there[f] = true
		}
	}
	for _, s := range c.Schools() {
		if !there[string(feedOf(s))] {
			return false
		}
	}
	return true
}
