package identity

import (
	"path/filepath"
	"testing"
)

func TestResetKeyIsTheNodesOwnAndStays(t *testing.T) {
	dir := county(t, "hub", "branch")
	hub := mustLoad(t, filepath.Join(dir, "hub"))
	again := mustLoad(t, filepath.Join(dir, "hub"))
	branch := mustLoad(t, filepath.Join(dir, "branch"))
	if hub.ResetKey() != again.ResetKey() {
		t.Fatal("the key does not survive a restart")
	}
	if hub.ResetKey() == branch.ResetKey() || hub.ResetKey() == [32]byte{} {
		t.Fatal("the key is not the node's own")
	}
}
