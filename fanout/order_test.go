package fanout

import (
	"testing"
	"time"
)

func TestPacketsAreNumberedAsTheyLeft(t *testing.T) {
	var o order
	now := time.Unix(1000, 0)
	var sent []time.Time
	for i := range 5 * orderMost {
		if i%7 == 0 {
			now = now.Add(time.Millisecond)
		}
		sent = append(sent, o.add(now))
	}
	for i := len(sent) - orderMost; i < len(sent); i++ {
		if got := o.of(sent[i]); got != int64(i) {
			t.Fatalf("packet %d is numbered %d", i, got)
		}
	}
}
