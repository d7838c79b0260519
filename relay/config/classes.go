package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Class is a class in which several schools take part. Its rooms watch the main school
// under the name class/NAME.
type Class struct {
	// Main is the node whose room is the main school when the class begins. Required.
	Main string `yaml:"main"`
	// Floor is the node whose room the main school watches. Default: none.
	Floor string `yaml:"floor,omitempty"`
	// Hubs are the nodes that have this class in their configuration, all with the same
	// lines; they need a link to each other or a common parent. Default: this node alone.
	Hubs []string `yaml:"hubs,omitempty"`
	// Rooms are the feeds of the classrooms that take part, by the node each is at.
	Rooms map[string]media.FeedID `yaml:"rooms"`
}

// Lessons lists the classes as package lesson has them, in order.
func (c *Config) Lessons() []lesson.Class {
	list := make([]lesson.Class, 0, len(c.Classes))
	for _, name := range slices.Sorted(maps.Keys(c.Classes)) {
		w := c.Classes[name]
		hubs := w.Hubs
		if len(hubs) == 0 {
			hubs = []string{c.Node}
		}
		list = append(list, lesson.Class{ID: name, Hubs: hubs, Main: w.Main, Floor: w.Floor, Rooms: w.Rooms})
	}
	return list
}

func (c *Config) checkClasses(k *checks) {
	for _, l := range c.Lessons() {
		if !slices.Contains(l.Hubs, c.Node) {
			k.add("classes."+l.ID+".hubs", "this node, %s, is not one of them", c.Node)
		}
		if err := l.Validate(); err != nil {
			k.add("classes."+l.ID, "%s", strings.TrimPrefix(err.Error(), lesson.ErrClass.Error()+": "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Feeds)) {
		if _, is := lesson.IDOf(name); is {
			k.add("feeds."+string(name), "names that begin with %s are those of classes", lesson.Prefix)
		}
	}
}
