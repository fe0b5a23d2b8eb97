package mount

import (
	"errors"
	"io"
	"os/exec"
	"time"
)

// process is a program that works on one request.
type process struct {
	*exec.Cmd
	stdout io.ReadCloser
	kill   *time.Timer // set once it was asked to end
}

// killAfter is how long a program that was asked to end may take to do so, and how long
// after its end its children may hold its standard error open.
const killAfter = 5 * time.Second

// newProcess makes a process of a command that was made with a context. When that ends,
// the process and its children are asked to end, and killed a while later.
func newProcess(cmd *exec.Cmd) *process {
	p := &process{Cmd: cmd}
	inGroup(cmd)
	cmd.WaitDelay = killAfter
	cmd.Cancel = func() error {
		p.kill = time.AfterFunc(killAfter, func() { _, _ = killGroup(cmd), p.stdout.Close() })
		return stopGroup(cmd)
	}
	return p
}

// start starts the process and gives it the body; it calls broken when the client did not
// send all of that.
func (p *process) start(body *body, broken func()) (err error) {
	if p.stdout, err = p.StdoutPipe(); err != nil {
		return err
	}
	if body.file != nil {
		p.Stdin = body.file.File // as it is, for the process to read itself
		return p.Start()
	}
	if body.length <= 0 {
		return p.Start()
	}
	stdin, err := p.StdinPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		return err
	}
	body.fullDuplex()
	go func() {
		_, _ = io.Copy(stdin, body)
		if body.broken.Load() {
			broken() // it must not take what came for all of it, and so stdin ends with it
			return
		}
		_ = stdin.Close()
	}()
	return nil
}

// wait waits for the end of the process, and returns how it ended where that was not well.
func (p *process) wait() error {
	err := p.Wait()
	if p.kill != nil {
		p.kill.Stop()
		_ = killGroup(p.Cmd) // what is left of its children
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}
