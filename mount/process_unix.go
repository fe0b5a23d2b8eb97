//go:build unix

package mount

import (
	"os/exec"
	"syscall"
)

// inGroup puts the process into a group of its own, so that a signal from the keyboard,
// which is for us, does not reach it, and stopGroup and killGroup reach its children.
func inGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// stopGroup asks the process and its children to end.
func stopGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// killGroup ends them.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
