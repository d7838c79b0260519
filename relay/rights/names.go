package rights

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/lesson"
)

// The words that a list may hold beside names.
const (
	// Everything matches every feed. As the name of a peer it means: all others.
	Everything = "*"
	// Nothing, alone in a list, matches no feed. An empty list would be taken for one
	// that somebody forgot to fill.
	Nothing = "nothing"
	// under ends a name that stands for all feeds that begin with what is before the star.
	under = "/*"
	// anyClass stands for the rooms of every class that the peer has a room in.
	anyClass = lesson.Prefix + Everything
)

// Check tells what is wrong with a list of names, for whoever wrote it.
func Check(list []string) error {
	if list != nil && len(list) == 0 {
		return errors.New("the list is empty: leave the key out for the default, or write [nothing]")
	}
	for _, name := range list {
		if name == Everything || name == anyClass {
			continue
		}
		if name == Nothing {
			if len(list) > 1 {
				return fmt.Errorf("%s stands alone, or not at all", Nothing)
			}
			continue
		}
		if _, err := media.ParseFeedID(strings.TrimSuffix(name, under)); err != nil {
			return fmt.Errorf("%q is no feed: write NAME, SCHOOL/*, class/NAME, class/* or *: %w", name, err)
		}
	}
	return nil
}

// names is a list that was read. Nil: nothing was written.
type names struct {
	everything bool
	exact      map[media.FeedID]struct{}
	beginnings []string // with their slash
}

// read takes a list over. rooms are the feeds of a class; own those that class/* means.
func read(list []string, rooms func(class string) []media.FeedID, own []media.FeedID) *names {
	if list == nil {
		return nil
	}
	n := &names{exact: make(map[media.FeedID]struct{})}
	for _, name := range list {
		class, isClass := lesson.IDOf(media.FeedID(name))
		switch {
		case name == Nothing:
		case name == Everything:
			n.everything = true
		case name == anyClass:
			n.add(own)
		case isClass:
			n.add(rooms(class))
		case strings.HasSuffix(name, under):
			n.beginnings = append(n.beginnings, strings.TrimSuffix(name, Everything))
		default:
			n.add([]media.FeedID{media.FeedID(name)})
		}
	}
	return n
}

func (n *names) add(feeds []media.FeedID) {
	for _, f := range feeds {
		n.exact[f] = struct{}{}
	}
}

func (n *names) has(id media.FeedID) bool {
	if _, ok := n.exact[id]; ok || n.everything {
		return true
	}
	return slices.ContainsFunc(n.beginnings, func(b string) bool { return strings.HasPrefix(string(id), b) })
}
