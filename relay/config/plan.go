package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Plan is what a county decides for its machines: the cameras of each school and the
// classes of several. An operator writes it as one file, with the keys of a node's file;
// it is kept in the county's store, and each school gets its own part.
type Plan struct {
	// Schools are what each school shows, by the school's name.
	Schools map[string]School `yaml:"schools,omitempty"`
	// Classes are those in which several schools take part, by their names. A class
	// without hubs is that of the hub where the plan is applied.
	Classes map[string]Class `yaml:"classes,omitempty"`
}

// School is what a plan says of one school.
type School struct {
	// Feeds are its cameras and pushes. Their names begin with the school's and a slash.
	Feeds map[media.FeedID]Feed `yaml:"feeds,omitempty"`
}

// LoadPlan reads and checks the plan in a file, for a hub of the name node. An *Error
// lists everything that is wrong with it.
func LoadPlan(path, node string, src Source) (*Plan, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the county's plan: %w", err)
	}
	return ParsePlan(path, data, node, src)
}

// ParsePlan reads and checks a plan; name stands for the file in messages.
func ParsePlan(name string, data []byte, node string, src Source) (*Plan, error) {
	p := &Plan{}
	d := decode(data, p)
	problems := d.problems
	if len(problems) == 0 {
		problems = p.expand(src)
	}
	if len(problems) == 0 {
		p.fill(node)
		problems = p.check()
	}
	if err := d.failed(name, problems); err != nil {
		return nil, err
	}
	return p, nil
}

// YAML writes a plan as a file.
func (p *Plan) YAML() ([]byte, error) {
	out, err := yaml.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("print the county's plan: %w", err)
	}
	return out, nil
}

func (p *Plan) expand(src Source) (problems []Problem) {
	for _, name := range slices.Sorted(maps.Keys(p.Schools)) {
		expandFeeds("schools."+name+".feeds", p.Schools[name].Feeds, func(key string, s *string) {
			v, err := src.expand(*s)
			if err != nil {
				problems = append(problems, Problem{Key: key, What: err.Error()})
				return
			}
			*s = v
		})
	}
	return problems
}

// fill names the hub of classes that name none: each machine reads the same.
func (p *Plan) fill(node string) {
	for name, c := range p.Classes {
		if len(c.Hubs) == 0 {
			c.Hubs = []string{node}
			p.Classes[name] = c
		}
	}
}

func (p *Plan) check() []Problem {
	var k checks
	for _, name := range slices.Sorted(maps.Keys(p.Schools)) {
		k.err("schools."+name, identity.CheckName(name))
		feeds := p.Schools[name].Feeds
		for _, id := range slices.Sorted(maps.Keys(feeds)) {
			f := unmasked(feeds[id])
			key := "schools." + name + ".feeds." + string(id)
			k.err(key, CheckPlanned(name, id))
			f.check(&k, key)
		}
	}
	c := Config{Classes: p.Classes}
	for _, l := range c.Lessons() {
		if err := l.Validate(); err != nil {
			k.add("classes."+l.ID, "%s", strings.TrimPrefix(err.Error(), lesson.ErrClass.Error()+": "))
		}
		if strings.Contains(l.ID, "/") {
			k.add("classes."+l.ID, "the name of a class in a plan has no slash")
		}
	}
	return k
}

// CheckPlanned tells whether a feed can be one that the county plans for a school:
// SCHOOL/ROOM or SCHOOL/ROOM/CAMERA.
func CheckPlanned(school string, id media.FeedID) error {
	if _, err := media.ParseFeedID(string(id)); err != nil {
		return err
	}
	room, its := strings.CutPrefix(string(id), school+"/")
	if !its || strings.Count(room, "/") > 1 {
		return fmt.Errorf("a feed of the school %s is called %s/ROOM or %s/ROOM/CAMERA", school, school, school)
	}
	return nil
}

// PlanMask stands for a password in a plan that is shown. In a plan that is applied it
// leaves the password as it is, where other stars are refused.
const PlanMask = "********"

// unmasked is a feed as it may be checked: with something in the place of the mask.
func unmasked(f Feed) Feed {
	for _, s := range []*string{&f.Main, &f.Sub, &f.Snapshot} {
		*s = strings.ReplaceAll(*s, PlanMask, "x")
	}
	return f
}

// CheckFeed tells what is wrong with a feed that came from the county; nil: nothing.
func CheckFeed(id media.FeedID, f Feed) error {
	var k checks
	f = unmasked(f)
	f.check(&k, "feeds."+string(id))
	if len(k) > 0 {
		return &Error{Problems: k}
	}
	return nil
}

// With is a node's configuration together with what the county has planned for it. What
// stands in the node's own file goes before: of a feed or class in both, the file's is in
// force, and its name is in both.
func (c *Config) With(p *Plan, school string) (merged *Config, both []string) {
	m := *c
	m.Feeds, both = mergeNames(c.Feeds, p.Schools[school].Feeds, both)
	classes := make(map[string]Class)
	for name, class := range p.Classes {
		if slices.Contains(class.Hubs, c.Node) {
			classes[name] = class
		}
	}
	m.Classes, both = mergeNames(c.Classes, classes, both)
	return &m, both
}

func mergeNames[K ~string, V any](own, planned map[K]V, both []string) (merged map[K]V, names []string) {
	if len(planned) == 0 {
		return own, both
	}
	merged = maps.Clone(planned)
	for _, k := range slices.Sorted(maps.Keys(own)) {
		if _, twice := planned[k]; twice {
			both = append(both, string(k))
		}
		merged[k] = own[k]
	}
	return merged, both
}
