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
		o.pass(i % 5)
		if i%7 == 0 {
			now = now.Add(time.Millisecond)
		}
		sent = append(sent, o.add(now))
	}
	for i := len(sent) - orderMost; i < len(sent); i++ {
		if got, beside := o.of(sent[i]); got != int64(i) || beside != i%5 {
			t.Fatalf("packet %d is numbered %d, %d bytes beside it", i, got, beside)
		}
	}
}
