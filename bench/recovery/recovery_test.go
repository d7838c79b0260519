package recovery

import (
	"os"
	"strconv"
	"testing"
)

func TestRecoveryMeetsItsTargets(t *testing.T) {
	frames := 2000
	if v, err := strconv.Atoi(os.Getenv("RECOVERY_FRAMES")); err == nil {
		frames = v
	}
	rows, err := Run(Cells(), frames, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(os.Stdout, rows); err != nil {
		t.Fatal(err)
	}
}
