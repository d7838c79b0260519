package scenario

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/rule"
	"github.com/classrelay/classrelay/bench/strict"
	"github.com/classrelay/classrelay/relay/config"
)

// Error is what is wrong in a scenario's file.
type Error = strict.Error

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

// reader turns the text into values.
type reader struct {
	*strict.File
	open open
}

// Parse reads a scenario; name stands for the file in messages, and names the
// scenario. Traces are found beside that file. Its errors are of type *Error.
func Parse(name string, data []byte) (*Scenario, error) { return parse(name, data, beside(name)) }

func parse(name string, data []byte, open open) (*Scenario, error) {
	var doc document
	file, err := strict.Read(name, data, &doc)
	if err != nil {
		return nil, err
	}
	s := (&reader{file, open}).scenario(&doc)
	s.Name = strict.Name(name)
	if err := file.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *reader) scenario(doc *document) *Scenario {
	s := &Scenario{
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
		r.Fail("$.for", "it has to run for a second or longer")
	}
	if doc.Camera.Clip == (s.MainRate > 0 && s.SubRate > 0) {
		r.Fail("$.camera", "either main and sub with a rate are wanted, or clip: true")
	}
	for i := range doc.Lines {
		s.Lines = append(s.Lines, r.line(fmt.Sprintf("$.lines[%d]", i), &doc.Lines[i]))
	}
	if len(s.Lines) == 0 {
		r.Fail("$.lines", "at least one is wanted")
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
		limit, err := ParseRule(text)
		switch {
		case err != nil:
			r.Fail(at, err.Error())
		case limit.Figure.Name == "good_in_300ms" && s.Deadline != usualDeadline:
			r.Fail(at, "with a deadline of its own the scenario has good_in_time, not good_in_300ms")
		case limit.Figure.Name == "back_on_main" && s.RecoversAt == 0:
			r.Fail(at, "back_on_main counts from recovers_at, which is not set")
		case limit.Figure.Name == "bulk_share" && len(doc.Beside.TCP) == 0:
			r.Fail(at, "bulk_share is that of beside, which has no tcp")
		}
		s.Rules = append(s.Rules, limit)
	}
	if len(s.Rules) == 0 {
		r.Fail("$.rules", "at least one is wanted: a scenario without a rule has no verdict")
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
	r.Fail(at, "either both is wanted, or down and up")
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
		r.Fail(at, err.Error())
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
		r.Fail(at, fmt.Sprintf("%q is not a time: write it like 60ms or 2s", s))
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
		r.Fail(at, err.Error())
	}
	return int64(v)
}

// share reads a percentage; one left out is 0.
func (r *reader) share(at, s string) float64 {
	if s == "" {
		return 0
	}
	v, err := rule.ParseShare(s)
	if err != nil {
		r.Fail(at, err.Error())
	}
	return v
}
