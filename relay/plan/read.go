package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/store"
)

// Read gives the whole plan that a store has, its passwords masked, for people. What
// is wrong with single records is in the error, and the rest in the plan; without a plan
// the store cannot be read.
func Read(ctx context.Context, s *store.Store) (*config.Plan, error) {
	return read(ctx, s, "", func(string, *camera) error { return nil })
}

// ReadFor gives what a store has for one node, its passwords open: with a school, that
// school's cameras; at a hub, for which school is empty, the classes. What it gives is as
// Read says.
func ReadFor(ctx context.Context, s *store.Store, school string) (*config.Plan, error) {
	if school == "" {
		return classes(ctx, s, &config.Plan{Classes: make(map[string]config.Class)}, nil)
	}
	return read(ctx, s, school+"/", func(key string, c *camera) error {
		var all error
		for field, password := range map[string]*string{
			"password": &c.Password, "sub_password": &c.SubPassword, "snapshot_password": &c.SnapshotPassword,
		} {
			if *password == "" {
				continue
			}
			secret, err := s.Secret(ctx, store.TableCamera, key, field)
			*password, all = string(secret), errors.Join(all, err)
		}
		return all
	})
}

// read reads the schools whose cameras' keys begin so, and all classes; open opens the
// passwords of a camera.
func read(ctx context.Context, s *store.Store, prefix string, open func(key string, c *camera) error) (
	*config.Plan, error,
) {
	p := &config.Plan{Schools: make(map[string]config.School), Classes: make(map[string]config.Class)}
	schools, err := s.List(ctx, store.TableSchool, strings.TrimSuffix(prefix, "/"))
	if err != nil {
		return nil, err
	}
	for _, r := range schools {
		if prefix == "" || r.Key+"/" == prefix {
			p.Schools[r.Key] = config.School{}
		}
	}
	cameras, err := s.List(ctx, store.TableCamera, prefix)
	if err != nil {
		return nil, err
	}
	var wrong error
	for _, r := range cameras {
		wrong = errors.Join(wrong, addCamera(p, r, open))
	}
	return classes(ctx, s, p, wrong)
}

func addCamera(p *config.Plan, r store.Record, open func(key string, c *camera) error) error {
	school, _, _ := strings.Cut(r.Key, "/")
	id := feedOf(r.Key)
	var c camera
	err := json.Unmarshal(r.Row, &c)
	if err == nil {
		err = open(r.Key, &c)
	}
	if err == nil {
		err = errors.Join(config.CheckPlanned(school, id), config.CheckFeed(id, c.feed()))
	}
	if err != nil {
		return fmt.Errorf("the county's camera %s is left out: %w", r.Key, err)
	}
	s := p.Schools[school]
	if s.Feeds == nil {
		s.Feeds = make(map[media.FeedID]config.Feed)
	}
	s.Feeds[id] = c.feed()
	p.Schools[school] = s
	return nil
}

// class is the row of a class.
type class struct {
	Main  string                  `json:"main"`
	Floor string                  `json:"floor,omitempty"`
	Hubs  []string                `json:"hubs"`
	Rooms map[string]media.FeedID `json:"rooms"`
}

// classes adds the classes to a plan of which something may be wrong.
func classes(ctx context.Context, s *store.Store, p *config.Plan, wrong error) (*config.Plan, error) {
	list, err := s.List(ctx, store.TableClass, "")
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		var c class
		err := json.Unmarshal(r.Row, &c)
		if err == nil {
			l := lesson.Class{ID: r.Key, Hubs: c.Hubs, Main: c.Main, Floor: c.Floor, Rooms: c.Rooms}
			err = l.Validate()
		}
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("the county's class %s is left out: %w", r.Key, err))
			continue
		}
		p.Classes[r.Key] = config.Class{Main: c.Main, Floor: c.Floor, Hubs: c.Hubs, Rooms: c.Rooms}
	}
	return p, wrong
}
