package lesson

import (
	"fmt"
	"slices"
)

// Ask is a change that a node wants of a class that it may not change itself. It goes
// from node to node towards one that may.
type Ask struct {
	Class string `json:"class"`
	Main  string `json:"main"`
	Floor string `json:"floor,omitempty"`
	// Turn is the last one that the asker has heard of: a hub that has just started may
	// know less.
	Turn uint64 `json:"turn,omitempty"`
	// Path names the nodes it has crossed, the one that asks first, the sender last.
	Path []string `json:"path"`
}

// maxPath bounds an Ask's way, as that of a feed.
const maxPath = 6

// Validate finds what cannot be; it wraps ErrClass.
func (a *Ask) Validate() error {
	if len(a.Path) == 0 || len(a.Path) > maxPath {
		return fmt.Errorf("%w: a change of %s has come over %d nodes, 1 to %d are possible", ErrClass, a.Class,
			len(a.Path), maxPath)
	}
	return nil
}

// Via is the Ask as another node hands it on; false: it has been there.
func (a *Ask) Via(node string) (Ask, bool) {
	if slices.Contains(a.Path, node) || len(a.Path) >= maxPath {
		return Ask{}, false
	}
	on := *a
	on.Path = append(slices.Clone(a.Path), node)
	return on, true
}

// allowed tells whether the node that asks may have it: a room may become the main
// school; who is the main school may give that to another, and the floor to anybody.
func (c *Class) allowed(a *Ask) error {
	asker := a.Path[0]
	switch {
	case c.Rooms[asker] == "":
		return fmt.Errorf("%w: node %s has no room in %s", ErrClass, asker, c.ID)
	case asker == c.Main, asker == a.Main:
		return nil
	case a.Main == c.Main && a.Floor == asker: // raises its hand, and has the floor at once
		return nil
	case a.Main == c.Main && a.Floor == "" && c.Floor == asker: // and takes it down again
		return nil
	}
	return fmt.Errorf("%w: %s: %s is not the main school and asks for another room", ErrClass, c.ID, asker)
}
