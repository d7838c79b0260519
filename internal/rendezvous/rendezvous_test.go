package rendezvous

import (
	"fmt"
	"testing"
)

// Half a county may be updated: what an older version has chosen must be chosen still.
func TestTheHashStaysAsItIs(t *testing.T) {
	if got := Hash("k8842", "hub-a"); got != 0xf7e9dc3d77909bad {
		t.Errorf("%#x", got)
	}
}

func TestKeysSpreadOverNames(t *testing.T) {
	first := 0
	for i := range 4000 {
		if key := fmt.Sprint("k", i); Rank(key, "hub-a") > Rank(key, "hub-b") {
			first++
		}
	}
	if first < 1880 || first > 2120 {
		t.Errorf("%d of 4000 keys chose the one of two", first)
	}
}
