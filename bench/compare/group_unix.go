//go:build unix

package compare

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a command and its children into a group of their own: Ctrl-C at the
// terminal is for the bench, which then ends the group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// ask asks a command's group to end. The group may have ended just now.
func ask(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill ends what is left of a command's group.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
