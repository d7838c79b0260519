package county

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// connection is one of a node's, which is another as soon as it is made anew.
type connection struct {
	place string
	with  string // the other node, or a screen's address
	since time.Time
}

// String names it in a report.
func (c connection) String() string { return c.place + " to " + c.with }

// figures is what a node's page tells of its connections.
type figures struct {
	Links []struct {
		Peer  string    `json:"peer"`
		Up    bool      `json:"up"`
		Since time.Time `json:"since"`
	} `json:"links"`
	Players []struct {
		Kind   string    `json:"kind"`
		Remote string    `json:"remote"`
		Since  time.Time `json:"since"`
	} `json:"players"`
}

// connections asks all nodes for their links and the screens that are connected to them.
// Of a link both ends have to know: after a node's death the other end holds on to the
// old one for some seconds.
func (c *County) connections(ctx context.Context) (map[connection]bool, error) {
	all := make(map[string]*figures)
	for _, place := range places(c.cfg.Schools) {
		f, err := c.figures(ctx, place)
		if err != nil {
			return nil, fmt.Errorf("the connections of %s: %w", place, err)
		}
		all[place] = f
	}
	return connectionsOf(all), nil
}

func (c *County) figures(ctx context.Context, place string) (*figures, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Pages(place)+"api/v1/status", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	f := new(figures)
	return f, json.NewDecoder(answer.Body).Decode(f)
}

// connectionsOf lists them from what all nodes tell.
func connectionsOf(all map[string]*figures) map[connection]bool {
	up := make(map[[2]string]bool)
	for place, f := range all {
		for _, l := range f.Links {
			up[[2]string{place, l.Peer}] = l.Up
		}
	}
	list := make(map[connection]bool)
	for place, f := range all {
		for _, l := range f.Links {
			if l.Up && up[[2]string{l.Peer, place}] {
				list[connection{place, l.Peer, l.Since}] = true
			}
		}
		for _, p := range f.Players {
			list[connection{place, p.Kind + " " + p.Remote, p.Since}] = true
		}
	}
	return list
}

// closed names those that were there before and are no more.
func closed(before, after map[connection]bool) (names []string) {
	for _, conn := range slices.SortedFunc(maps.Keys(before), byName) {
		if !after[conn] {
			names = append(names, conn.String())
		}
	}
	return names
}

func byName(a, b connection) int {
	return cmp.Or(cmp.Compare(a.String(), b.String()), a.since.Compare(b.since))
}
