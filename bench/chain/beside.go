package chain

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/netem"
)

// mostAtOnce is how many chains of one machine may have TCP beside at the same time.
const mostAtOnce = 16

// addBeside puts bulk flows on the newest line.
func (c *Chain) addBeside(bulks []netem.Bulk, log *zap.Logger) (err error) {
	if len(bulks) == 0 {
		return nil
	}
	line := c.Lines[len(c.Lines)-1]
	// Always the same few names, so that what a killed run has left is cleaned up.
	for n := range mostAtOnce {
		c.Beside, err = line.Beside(fmt.Sprintf("classrelay-bench-%d", n+1), bulks, log)
		if !errors.Is(err, netem.ErrTaken) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("TCP beside: %w", err)
	}
	c.add("TCP beside", c.Beside.Run)
	return nil
}

// close removes what does not end by itself.
func (c *Chain) close() {
	if c.Beside != nil {
		_ = c.Beside.Close() // what is left of it, the next run removes
	}
}
