package egress

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
)

// Config says what to measure. The zero value of every field but Dir and Program
// works.
type Config struct {
	// Modes to compare. Default: all.
	Modes []Mode
	// Connections is how many receivers there are. Default 100.
	Connections int
	// Rate is what each gets, in bit/s. Default 4 Mbit/s, a camera's main stream.
	Rate int
	// For is how long each mode is measured in each round. Default 2 s.
	For time.Duration
	// Rounds is how often each mode has its turn. Default 5.
	Rounds int
	// Dir is an empty folder for certificates. Required.
	Dir string
	// Program starts a part of this very program in a process of its own, with
	// the given arguments behind those that lead to PartCommand. Required.
	Program func(ctx context.Context, args ...string) *exec.Cmd
	// Profile is a file for the CPU profile of the sender's last round of QUIC;
	// empty = none.
	Profile string
	// Done, if set, is told after each turn.
	Done func(Turn)
}

func (c *Config) setDefaults() {
	if len(c.Modes) == 0 {
		c.Modes = Modes()
	}
	if c.Connections == 0 {
		c.Connections = 100
	}
	if c.Rate == 0 {
		c.Rate = 4_000_000
	}
	if c.For == 0 {
		c.For = 2 * time.Second
	}
	if c.Rounds == 0 {
		c.Rounds = 5
	}
}

// Turn is one mode measured once.
type Turn struct {
	Mode   Mode   `json:"mode"`
	Round  int    `json:"round"`
	Sent   *Sent  `json:"sent"`             // null when the turn failed
	Failed string `json:"failed,omitempty"` // why
	// ReceivedRatio is what arrived of all that was sent, warm-up included.
	ReceivedRatio *float64 `json:"received_ratio"`
}

// MbitPerCore is what one core would send, in Mbit/s of media; 0 when unknown.
func (t *Turn) MbitPerCore() float64 {
	if t.Sent == nil || t.Sent.CPU.Total() <= 0 {
		return 0
	}
	return t.Sent.MediaBits / 1e6 / t.Sent.CPU.Total()
}

const (
	sendingNode, receivingNode = "sender", "receiver"
	// graceTime is what a turn may take beside the time it measures: handshakes
	// of 100 connections on a machine that is busy with other things.
	graceTime = 30 * time.Second
)

// Run measures. When ctx ends it returns what there is, and no error.
func Run(ctx context.Context, cfg Config) ([]Turn, error) {
	cfg.setDefaults()
	if err := identity.InitCA(cfg.Dir); err != nil {
		return nil, err
	}
	for _, node := range []string{sendingNode, receivingNode} {
		if err := identity.Issue(cfg.Dir, node, "127.0.0.1"); err != nil {
			return nil, err
		}
	}
	var turns []Turn
	for round := range cfg.Rounds {
		for i := range cfg.Modes {
			mode := cfg.Modes[i]
			if round%2 == 1 { // and back again
				mode = cfg.Modes[len(cfg.Modes)-1-i]
			}
			t := cfg.turn(ctx, mode, round)
			if ctx.Err() != nil {
				return turns, nil //nolint:nilerr // Ctrl-C is no failure: what there is counts
			}
			turns = append(turns, t)
			if cfg.Done != nil {
				cfg.Done(t)
			}
		}
	}
	return turns, nil
}

// turn measures one mode once.
func (c *Config) turn(ctx context.Context, mode Mode, round int) Turn {
	t := Turn{Mode: mode, Round: round + 1}
	ctx, cancel := context.WithTimeout(ctx, c.For+graceTime)
	defer cancel()
	var err error
	if t.Sent, t.ReceivedRatio, err = c.pair(ctx, mode, round == c.Rounds-1); err != nil {
		t.Sent, t.Failed = nil, err.Error()
	}
	return t
}

// pair runs the two processes of a turn.
func (c *Config) pair(ctx context.Context, mode Mode, last bool) (*Sent, *float64, error) {
	args := []string{
		"send", "--mode", string(mode), "--connections", strconv.Itoa(c.Connections),
		"--rate", strconv.Itoa(c.Rate), "--for", c.For.String(), "--identity", filepath.Join(c.Dir, sendingNode),
	}
	if last && mode == QUIC && c.Profile != "" {
		args = append(args, "--cpuprofile", c.Profile)
	}
	send, err := start(c.Program(ctx, args...))
	if err != nil {
		return nil, nil, err
	}
	defer send.end()
	address, err := send.line()
	if err != nil {
		return nil, nil, err
	}
	receive, err := start(c.Program(ctx, "receive", "--mode", string(mode), "--to", address,
		"--connections", strconv.Itoa(c.Connections), "--identity", filepath.Join(c.Dir, receivingNode)))
	if err != nil {
		return nil, nil, err
	}
	defer receive.end()
	var report SendReport
	if err := send.result(&report); err != nil {
		return nil, nil, err
	}
	_ = receive.in.Close() // tells it to stop
	var got ReceiveReport
	if err := receive.result(&got); err != nil {
		return nil, nil, err
	}
	_ = send.in.Close() // it has kept its connections until now
	if report.TotalBytes == 0 {
		return nil, nil, errors.New("nothing was sent")
	}
	ratio := float64(got.Bytes) / float64(report.TotalBytes)
	return &report.Sent, &ratio, nil
}

// SendReport is the line that the sending process ends with.
type SendReport struct {
	Sent       Sent `json:"sent"`
	TotalBytes int  `json:"total_bytes"` // warm-up included
}

// ReceiveReport is the line that the receiving process ends with.
type ReceiveReport struct {
	Bytes int64 `json:"bytes"`
}

// process is a part that runs: it is told to stop by the end of its input.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors *strings.Builder
}

func start(cmd *exec.Cmd) (*process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, out: bufio.NewReader(out), errors: &strings.Builder{}}
	cmd.Stderr = p.errors
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a part of the bench: %w", err)
	}
	return p, nil
}

// line is the next thing the part says.
func (p *process) line() (string, error) {
	s, err := p.out.ReadString('\n')
	if err != nil {
		return "", p.failed(err)
	}
	return strings.TrimSpace(s), nil
}

// result is the last thing the part says, and its end.
func (p *process) result(v any) error {
	s, err := p.line()
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(s), v)
}

// failed says why a part ended too early: what it said itself, if it did.
func (p *process) failed(err error) error {
	_ = p.in.Close()
	wait := p.cmd.Wait() // its errors are all written then
	if said := strings.TrimSpace(p.errors.String()); said != "" {
		return errors.New(said[strings.LastIndexByte(said, '\n')+1:])
	}
	return errors.Join(err, wait)
}

// end waits for the process, which ends with its input or with its context.
func (p *process) end() {
	_ = p.in.Close()
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Wait() // how it ended no longer matters
	}
}
