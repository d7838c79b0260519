package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/relay/config"
)

// Error is what is wrong in a scenario's file.
type Error struct {
	File string
	Line int // from one; 0 = not known
	What string
}

// Error writes FILE:LINE: WHAT, as compilers do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.What)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

// The file as it is written. Times, rates and shares are text here: the YAML
// library forgets where a value stood whose type reads itself.
type (
	document struct {
		Title      string     `yaml:"title"`
		For        string     `yaml:"for"`
		Deadline   string     `yaml:"deadline"`
		Camera     source     `yaml:"camera"`
		Lines      []line     `yaml:"lines"`
		Beside     besideText `yaml:"beside"`
		RecoversAt string     `yaml:"recovers_at"`
		Rules      []string   `yaml:"rules"`
	}
	source struct {
		Main string `yaml:"main"`
		Sub  string `yaml:"sub"`
		Clip bool   `yaml:"clip"`
	}
	line struct {
		Both *profile `yaml:"both"`
		Down *profile `yaml:"down"`
		Up   *profile `yaml:"up"`
	}
	profile struct {
		Rate       string   `yaml:"rate"`
		Queue      string   `yaml:"queue"`
		Delay      string   `yaml:"delay"`
		Jitter     string   `yaml:"jitter"`
		Reorder    string   `yaml:"reorder"`
		ReorderBy  string   `yaml:"reorder_by"`
		Loss       string   `yaml:"loss"`
		Burst      float64  `yaml:"burst"`
		Outages    []outage `yaml:"outages"`
		Steps      []step   `yaml:"steps"`
		StepsEvery string   `yaml:"steps_every"`
		Trace      string   `yaml:"trace"`
	}
	outage struct {
		At    string `yaml:"at"`
		For   string `yaml:"for"`
		Every string `yaml:"every"`
	}
	step struct {
		At   string `yaml:"at"`
		Rate string `yaml:"rate"`
	}
)

// reader turns the text into values and keeps the first thing that is wrong.
type reader struct {
	file string
	tree *ast.File
	open open
	err  error
}

// Parse reads a scenario; name stands for the file in messages, and names the
// scenario. Traces are found beside that file. Its errors are of type *Error.
func Parse(name string, data []byte) (*Scenario, error) { return parse(name, data, beside(name)) }

func parse(name string, data []byte, open open) (*Scenario, error) {
	var doc document
	tree, err := parser.ParseBytes(data, 0)
	if err == nil {
		err = yaml.UnmarshalWithOptions(data, &doc, yaml.Strict())
	}
	if err != nil {
		return nil, syntax(name, err)
	}
	r := &reader{file: name, tree: tree, open: open}
	s := r.scenario(&doc)
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// syntax takes the place out of an error of the YAML library.
func syntax(file string, err error) error {
	e := &Error{File: file, What: err.Error()}
	if y, ok := err.(yaml.Error); ok { //nolint:errorlint // an interface of the library, never wrapped by it
		e.What = strings.ReplaceAll(y.GetMessage(), "\n", " ")
		e.Line = lineOf(y.GetToken())
	}
	return e
}

// lineOf is where a piece of the file stands; 0 when the YAML library does not say.
func lineOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}

// fail notes what is wrong with the value at a YAML path, as in $.rules[1].
func (r *reader) fail(at, what string) {
	if r.err != nil {
		return
	}
	e := &Error{File: r.file, What: strings.TrimPrefix(strings.TrimPrefix(at, "$"), ".") + ": " + what}
	if p, err := yaml.PathString(at); err == nil {
		if node, err := p.FilterFile(r.tree); err == nil {
			e.Line = lineOf(node.GetToken())
		}
	}
	r.err = e
}

func (r *reader) scenario(doc *document) *Scenario {
	s := &Scenario{
		Name:       nameOf(r.file),
		Title:      doc.Title,
		For:        r.time("$.for", doc.For),
		Deadline:   r.time("$.deadline", doc.Deadline),
		RecoversAt: r.time("$.recovers_at", doc.RecoversAt),
		MainRate:   int(r.rate("$.camera.main", doc.Camera.Main)),
		SubRate:    int(r.rate("$.camera.sub", doc.Camera.Sub)),
	}
	if s.Deadline == 0 {
		s.Deadline = usualDeadline
	}
	if s.For < time.Second {
		r.fail("$.for", "it has to run for a second or longer")
	}
	if doc.Camera.Clip == (s.MainRate > 0 && s.SubRate > 0) {
		r.fail("$.camera", "either main and sub with a rate are wanted, or clip: true")
	}
	for i := range doc.Lines {
		s.Lines = append(s.Lines, r.line(fmt.Sprintf("$.lines[%d]", i), &doc.Lines[i]))
	}
	if len(s.Lines) == 0 {
		r.fail("$.lines", "at least one is wanted")
	}
	r.beside(doc, s)
	r.rules(doc, s)
	return s
}

// usualDeadline is what the product promises.
const usualDeadline = 300 * time.Millisecond

func (r *reader) rules(doc *document, s *Scenario) {
	for i, text := range doc.Rules {
		at := fmt.Sprintf("$.rules[%d]", i)
		rule, err := ParseRule(text)
		switch {
		case err != nil:
			r.fail(at, err.Error())
		case rule.figure.name == "good_in_300ms" && s.Deadline != usualDeadline:
			r.fail(at, "with a deadline of its own the scenario has good_in_time, not good_in_300ms")
		case rule.figure.name == "back_on_main" && s.RecoversAt == 0:
			r.fail(at, "back_on_main counts from recovers_at, which is not set")
		case rule.figure.name == "bulk_share" && len(doc.Beside.TCP) == 0:
			r.fail(at, "bulk_share is that of beside, which has no tcp")
		}
		s.Rules = append(s.Rules, rule)
	}
	if len(s.Rules) == 0 {
		r.fail("$.rules", "at least one is wanted: a scenario without a rule has no verdict")
	}
}

func (r *reader) line(at string, l *line) chain.Line {
	switch {
	case l.Both != nil && l.Down == nil && l.Up == nil:
		p := r.profile(at+".both", l.Both)
		return chain.Line{Up: p, Down: p}
	case l.Both == nil && l.Down != nil && l.Up != nil:
		return chain.Line{Up: r.profile(at+".up", l.Up), Down: r.profile(at+".down", l.Down)}
	}
	r.fail(at, "either both is wanted, or down and up")
	return chain.Line{}
}

func (r *reader) profile(at string, f *profile) netem.Profile {
	p := netem.Profile{
		Rate:       r.rate(at+".rate", f.Rate),
		Queue:      r.time(at+".queue", f.Queue),
		Delay:      r.time(at+".delay", f.Delay),
		Jitter:     r.time(at+".jitter", f.Jitter),
		Reorder:    r.share(at+".reorder", f.Reorder),
		ReorderBy:  r.time(at+".reorder_by", f.ReorderBy),
		Loss:       r.share(at+".loss", f.Loss),
		Burst:      f.Burst,
		StepsEvery: r.time(at+".steps_every", f.StepsEvery),
	}
	for i, o := range f.Outages {
		here := fmt.Sprintf("%s.outages[%d]", at, i)
		p.Outages = append(p.Outages, netem.Outage{
			At: r.time(here+".at", o.At), For: r.time(here+".for", o.For), Every: r.time(here+".every", o.Every),
		})
	}
	for i, st := range f.Steps {
		here := fmt.Sprintf("%s.steps[%d]", at, i)
		p.Steps = append(p.Steps, netem.Step{At: r.time(here+".at", st.At), Rate: r.rate(here+".rate", st.Rate)})
	}
	r.trace(at, f, &p)
	if err := p.Validate(); err != nil {
		r.fail(at, err.Error())
	}
	return p
}

// time reads a duration; one left out is 0.
func (r *reader) time(at, s string) time.Duration {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		r.fail(at, fmt.Sprintf("%q is not a time: write it like 60ms or 2s", s))
	}
	return d
}

// rate reads a bit rate; one left out is 0.
func (r *reader) rate(at, s string) int64 {
	if s == "" {
		return 0
	}
	var v config.Rate
	if err := v.UnmarshalText([]byte(s)); err != nil {
		r.fail(at, err.Error())
	}
	return int64(v)
}

// share reads a percentage; one left out is 0.
func (r *reader) share(at, s string) float64 {
	if s == "" {
		return 0
	}
	v, err := parseShare(s)
	if err != nil {
		r.fail(at, err.Error())
	}
	return v
}
