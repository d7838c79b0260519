package directory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

// vouch checks that an announcement says only what its writer may say: a school of itself
// and of feeds that are named after it, a machine of itself, a hub of its county, a city of
// whatever is below it. What the writer is comes from its certificate, by the subject.
func vouch(kind string, from ID, a *Announcement) error {
	if from != (ID{a.County, a.From}) {
		return fmt.Errorf("it speaks in the name of %s", ID{a.County, a.From})
	}
	for i := range a.Nodes {
		n := &a.Nodes[i]
		var err error
		switch kind {
		case bySchool:
			err = n.ofSchool(from)
		case byMachine:
			if n.ID() != from || n.Role == identity.School {
				err = errors.New("a machine speaks for itself")
			}
		case fromHub:
			if n.County != from.County || Level(n.Role) > Level(identity.Hub) {
				err = errors.New("a hub speaks for its county")
			}
		case fromCity:
			if Level(n.Role) > Level(identity.City) {
				err = errors.New("a city speaks for those below it")
			}
		default:
			err = fmt.Errorf("nobody announces on %q", kind)
		}
		if err != nil {
			return fmt.Errorf("list of %s: %w", n.ID(), err)
		}
	}
	return nil
}

// ofSchool checks a list that a school's machine has written.
func (n *Node) ofSchool(from ID) error {
	if n.ID() != from || n.Role != identity.School {
		return errors.New("a school speaks for itself")
	}
	for _, f := range n.Feeds {
		if !named(f.ID, n.Name) {
			return fmt.Errorf("feed %s is not named after the school", f.ID)
		}
	}
	return nil
}

// named tells whether a feed is named after the school that a machine belongs to: the
// machine is called as the school, or the school and a number, s012-2.
func named(id media.FeedID, node string) bool {
	school, _, _ := strings.Cut(string(id), "/")
	return node == school || strings.HasPrefix(node, school+"-")
}
