package compare

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/classrelay/classrelay/bench/strict"
)

// Error is what is wrong in a peer's file.
type Error = strict.Error

// The file as it is written.
type (
	document struct {
		Title        string            `yaml:"title"`
		Install      string            `yaml:"install"`
		Version      []string          `yaml:"version"`
		Needs        []string          `yaml:"needs"`
		TCP          string            `yaml:"tcp"`
		Mute         bool              `yaml:"mute"`
		Files        map[string]string `yaml:"files"`
		Prepare      [][]string        `yaml:"prepare"`
		Hub          []program         `yaml:"hub"`
		Branch       []program         `yaml:"branch"`
		View         string            `yaml:"view"`
		FirstPicture string            `yaml:"first_picture"`
	}
	program struct {
		Run   []string `yaml:"run"`
		Ready struct {
			Port   string `yaml:"port"`
			Says   string `yaml:"says"`
			Within string `yaml:"within"`
		} `yaml:"ready"`
	}
)

const (
	// usualReady is long enough for any program of this kind on a small machine.
	usualReady = 10 * time.Second
	// usualFirstPicture lets a relay that was refused once try again: MediaMTX does
	// so after 5 s.
	usualFirstPicture = 20 * time.Second
)

// reader turns the text into values.
type reader struct{ *strict.File }

// Parse reads a peer; name stands for the file in messages, and names the peer.
// Its errors are of type *Error.
func Parse(name string, data []byte) (*Peer, error) {
	var doc document
	file, err := strict.Read(name, data, &doc)
	if err != nil {
		return nil, err
	}
	p := reader{file}.peer(&doc)
	p.Name = strict.Name(name)
	if err := file.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (r reader) peer(doc *document) *Peer {
	p := &Peer{
		Title:   doc.Title,
		Install: doc.Install,
		Version: doc.Version,
		Needs:   doc.Needs,
		TCP:     doc.TCP,
		Mute:    doc.Mute,
		Files:   doc.Files,
		Prepare: doc.Prepare,
		View:    doc.View,
	}
	p.FirstPicture = r.time("$.first_picture", doc.FirstPicture, usualFirstPicture)
	r.texts("$.version", doc.Version)
	for i, command := range doc.Prepare {
		r.command(fmt.Sprintf("$.prepare[%d]", i), command)
	}
	for i := range doc.Hub {
		p.Hub = append(p.Hub, r.program(fmt.Sprintf("$.hub[%d]", i), &doc.Hub[i]))
	}
	for i := range doc.Branch {
		p.Branch = append(p.Branch, r.program(fmt.Sprintf("$.branch[%d]", i), &doc.Branch[i]))
	}
	r.files(doc.Files)
	r.view(doc.View)
	if r.Err() == nil && len(p.programs()) > 0 && strings.TrimSpace(doc.Install) == "" {
		r.Fail("$.install", "say how to install it, for those who do not have it")
	}
	return p
}

func (r reader) program(at string, f *program) Program {
	r.command(at+".run", f.Run)
	r.text(at+".ready.port", f.Ready.Port)
	r.text(at+".ready.says", f.Ready.Says)
	return Program{
		Run: f.Run, Port: f.Ready.Port, Says: f.Ready.Says,
		Within: r.time(at+".ready.within", f.Ready.Within, usualReady),
	}
}

func (r reader) command(at string, command []string) {
	if len(command) == 0 || command[0] == "" {
		r.Fail(at, "a program and its arguments are wanted, as in [mediamtx, hub.yml]")
	}
	r.texts(at, command)
}

func (r reader) files(files map[string]string) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names) // so that of two mistakes the same one is told each time
	for _, name := range names {
		if !filepath.IsLocal(name) {
			r.Fail("$.files", fmt.Sprintf("%q is not a name within {{.Dir}}", name))
		}
		r.text("$.files.'"+name+"'", files[name])
	}
}

func (r reader) view(url string) {
	if !strings.HasPrefix(url, "rtsp://") && !strings.HasPrefix(url, "{{.Camera}}") {
		r.Fail("$.view", "an rtsp:// URL is wanted: what a player opens at the branch")
	}
	r.text("$.view", url)
}

// time reads a duration; usual when it is left out.
func (r reader) time(at, s string, usual time.Duration) time.Duration {
	if s == "" {
		return usual
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		r.Fail(at, fmt.Sprintf("%q is not a time: write it like 500ms or 20s", s))
	}
	return d
}

func (r reader) texts(at string, all []string) {
	for i, s := range all {
		r.text(fmt.Sprintf("%s[%d]", at, i), s)
	}
}

// text checks the placeholders of a text.
func (r reader) text(at, s string) {
	if _, err := (&Places{}).fill(s); err != nil {
		r.Fail(at, err.Error())
	}
}
