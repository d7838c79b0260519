package compare

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Peer is a way to carry a camera over the line: which programs run where, and
// which URL a player opens at the branch. All texts may have placeholders.
type Peer struct {
	Name    string // of the file, without .yaml
	Title   string
	Install string // what to do when a program is missing
	// Version is the command that tells it; the first number with a dot in its
	// output is taken.
	Version []string
	// Needs are programs beside those that the commands begin with.
	Needs []string
	// TCP is the congestion control of TCP at both ends; empty = the kernel's choice.
	TCP string
	// Mute leaves out the camera's sound, for a peer that gives up over G.711.
	Mute bool
	// Files are written to {{.Dir}} before anything starts.
	Files map[string]string
	// Prepare runs at the hub, one command after the other, to their ends.
	Prepare [][]string
	Hub     []Program
	Branch  []Program
	// View is what the viewer opens, from the branch's end of the line.
	View string
	// FirstPicture is how long a run waits for one.
	FirstPicture time.Duration
}

// Program is a command that runs as long as the run, and how to know that it is
// ready for what starts after it. With neither Port nor Says it is ready at once.
type Program struct {
	Run    []string
	Port   string        // a TCP address that accepts
	Says   string        // a piece of a line that it writes
	Within time.Duration // for both
}

//go:embed peers/*.yaml
var shipped embed.FS

// Ours is the name of the peer that the others are held against.
const Ours = "classrelay"

// All stands for every shipped peer that is installed.
const All = "all"

// Shipped returns the peers in the program, in the order of their names.
func Shipped() ([]*Peer, error) {
	entries, err := fs.ReadDir(shipped, "peers")
	if err != nil {
		return nil, err
	}
	var all []*Peer
	for _, e := range entries {
		data, err := shipped.ReadFile("peers/" + e.Name())
		if err != nil {
			return nil, err
		}
		p, err := Parse(e.Name(), data)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	// The folder's order has the ends of the files' names in it.
	slices.SortFunc(all, func(a, b *Peer) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// ErrUnknown is wrapped by Find's error for a name that nobody knows.
var ErrUnknown = errors.New("no such peer")

// Find returns the peers with these names, classrelay in front even if it is not
// named, each once. What ends in .yaml or .yml is a file of the caller's. An *Error
// says what is wrong in a file, and where.
func Find(names []string) ([]*Peer, error) {
	known, err := Shipped()
	if err != nil {
		return nil, err
	}
	var found []*Peer
	add := func(p *Peer) error {
		at := slices.IndexFunc(found, func(f *Peer) bool { return f.Name == p.Name })
		if at >= 0 && found[at] != p {
			return fmt.Errorf("two peers are called %s: rename your file", p.Name)
		}
		if at < 0 {
			found = append(found, p)
		}
		return nil
	}
	for _, name := range append([]string{Ours}, names...) {
		peers, err := find(known, name)
		if err != nil {
			return nil, err
		}
		for _, p := range peers {
			if err := add(p); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// find returns the peers that one name stands for.
func find(known []*Peer, name string) ([]*Peer, error) {
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read peer: %w", err)
		}
		p, err := Parse(name, data)
		return []*Peer{p}, err
	}
	if name == All {
		return slices.DeleteFunc(slices.Clone(known), func(p *Peer) bool { return p.Missing() != nil }), nil
	}
	i := slices.IndexFunc(known, func(p *Peer) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: %q; shipped are %s, others are files that end in .yaml",
			ErrUnknown, name, strings.Join(namesOf(known), ", "))
	}
	return known[i : i+1], nil
}

func namesOf(all []*Peer) (names []string) {
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// ErrMissing is wrapped by the error of Missing.
var ErrMissing = errors.New("is not installed")

// Missing says which program of the peer is not on this machine, and how to get
// it; nil when all are there.
func (p *Peer) Missing() error {
	for _, name := range p.programs() {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("peer %s: %s %w: %s", p.Name, name, ErrMissing, strings.Join(strings.Fields(p.Install), " "))
		}
	}
	return nil
}

// programs are the names of all programs that the peer needs, but for our own.
func (p *Peer) programs() (names []string) {
	names = slices.Clone(p.Needs)
	for _, command := range p.commands() {
		if name := command[0]; !strings.Contains(name, "{{") {
			names = append(names, name)
		}
	}
	return names
}

// commands are all that the peer runs.
func (p *Peer) commands() (all [][]string) {
	if len(p.Version) > 0 {
		all = append(all, p.Version)
	}
	all = append(all, p.Prepare...)
	for _, program := range slices.Concat(p.Hub, p.Branch) {
		all = append(all, program.Run)
	}
	return all
}
