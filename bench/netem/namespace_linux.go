package netem

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

const (
	// namespaces is where ip-netns(8) keeps them.
	namespaces = "/run/netns"
	tunDevice  = "/dev/net/tun"
	// device is what the TUN device is called in each namespace.
	device = "line"
	// deviceQueue is how many packets wait for their reader: half a second at
	// 100 Mbit/s, as behind it (enteringQueue).
	deviceQueue = "5000"
	// patience is how long a call of ip may take.
	patience = 10 * time.Second
)

// end is a namespace and the device that leads out of it.
type end struct {
	Namespace
	tun  *port
	lost atomic.Uint64 // by the kernel, when last asked
}

// CanRoute tells why there can be no Router, and none of Relay.Beside, for whoever
// runs the program here; nil when there can.
func CanRoute() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: it needs root: run the program as root", ErrRouter)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("%w: it needs the program ip: install iproute2", ErrRouter)
	}
	f, err := os.OpenFile(tunDevice, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("%w: it needs %s: load the kernel's module tun, or give the container the device: %w",
			ErrRouter, tunDevice, err)
	}
	return f.Close()
}

// newPair makes the namespaces prefix-near and prefix-far.
func newPair(prefix string, log *zap.Logger) (*pair, error) {
	if prefix == "" {
		prefix = "classrelay"
	}
	if err := CheckName(prefix); err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	if err := CanRoute(); err != nil {
		return nil, err
	}
	unlock, err := claim(prefix)
	if err != nil {
		return nil, err
	}
	p := &pair{log: log, unlock: unlock}
	p.near.Namespace = Namespace{prefix + "-near", nearAddress}
	p.far.Namespace = Namespace{prefix + "-far", farAddress}
	for _, e := range []*end{&p.near, &p.far} {
		if err := e.make(log); err != nil {
			_ = p.close()
			return nil, fmt.Errorf("make namespace %s: %w", e.Name, err)
		}
	}
	return p, nil
}

// claim takes a name for this process: a socket in the abstract space of unix(7),
// which goes away with the process however it ends.
func claim(prefix string) (unlock func() error, err error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: "@classrelay-router-" + prefix})
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, fmt.Errorf("router: the name %q is %w", prefix, ErrTaken)
	}
	if err != nil {
		return nil, fmt.Errorf("router: claim the name %q: %w", prefix, err)
	}
	return l.Close, nil
}

// make makes the namespace and what is in it.
func (e *end) make(log *zap.Logger) (err error) {
	if e.exists() {
		log.Info("a network namespace is left from a run that was killed: it is made anew", zap.String("namespace", e.Name))
		if err := ip("netns", "del", e.Name); err != nil {
			return err
		}
	}
	if err := ip("netns", "add", e.Name); err != nil {
		return err
	}
	if err := e.Do(func() error { e.tun, err = openTUN(device); return err }); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "set", device, "txqueuelen", deviceQueue, "up"},
		{"addr", "add", e.Address.String() + "/24", "dev", device},
	} {
		if err := ip(append([]string{"-n", e.Name}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

func (e *end) exists() bool {
	_, err := os.Stat(filepath.Join(namespaces, e.Name))
	return err == nil
}

// openTUN makes a device in the namespace of this thread; it goes away when it is
// closed. Only whole IP packets pass through it (IFF_NO_PI), cut to its MTU.
func openTUN(name string) (*port, error) {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", tunDevice, err)
	}
	req, err := unix.NewIfreq(name)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make a TUN device: %w", err)
	}
	return &port{fd: fd, device: true}, nil
}

// ip runs ip(8) and takes its complaint for the error.
func ip(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Command is a command that runs in the namespace, with everything else as here.
func (ns Namespace) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	// ip becomes the command, so that signals reach it.
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns.Name, name}, args...)...)
}

// Do calls f on an operating system's thread inside the namespace. Sockets that f
// makes stay there; f must make them itself, not in a goroutine it starts, and with
// literal addresses, since names would be looked up elsewhere.
func (ns Namespace) Do(f func() error) error {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", ns.Name, err)
	}
	defer func() { _ = unix.Close(home) }()
	if err := goInto(filepath.Join(namespaces, ns.Name)); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", ns.Name, err)
	}
	defer func() {
		// A thread that does not come back stays locked, and dies with its goroutine.
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return f()
}

func goInto(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// dropped is how many packets the kernel could not hand to their readers.
func (p *pair) dropped() uint64 {
	sum := uint64(0)
	for _, e := range []*end{&p.near, &p.far} {
		_ = e.Do(func() error { // once the namespace is gone the last figure stays
			if n, ok := devDropped(); ok {
				e.lost.Store(n)
			}
			return nil
		})
		sum += e.lost.Load()
	}
	return sum
}

// devDropped reads how many packets the device of this thread's namespace has
// dropped on their way out (proc_pid_net(5): the twelfth number).
func devDropped() (n uint64, ok bool) {
	f, err := os.Open("/proc/thread-self/net/dev")
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, numbers, _ := strings.Cut(lines.Text(), ":")
		if fields := strings.Fields(numbers); strings.TrimSpace(name) == device && len(fields) >= 12 {
			n, err := strconv.ParseUint(fields[11], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// close removes the namespaces and gives up the name.
func (p *pair) close() error {
	var errs []error
	for _, e := range []*end{&p.near, &p.far} {
		if e.tun != nil {
			e.tun.close()
		}
		if e.exists() {
			errs = append(errs, ip("netns", "del", e.Name))
		}
	}
	return errors.Join(append(errs, p.unlock())...)
}
