package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/classrelay/classrelay/internal/mask"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/store"
)

// noCamera stands for the camera of a feed that is called SCHOOL/ROOM. No part of a
// feed's name is dots alone.
const noCamera = "."

// camera is the row of a feed, with the passwords of its addresses apart. The keys of the
// passwords are those that the store seals.
type camera struct {
	Main       string           `json:"main,omitempty"`
	Sub        string           `json:"sub,omitempty"`
	Snapshot   string           `json:"snapshot,omitempty"`
	Transport  config.Transport `json:"transport,omitempty"`
	Always     bool             `json:"always,omitempty"`
	BasicAuth  bool             `json:"basic_auth,omitempty"`
	Role       config.Role      `json:"role,omitempty"`
	FixedLayer string           `json:"fixed_layer,omitempty"`
	Push       config.PushRule  `json:"push,omitempty"`

	Password         string `json:"password,omitempty"`
	SubPassword      string `json:"sub_password,omitempty"`
	SnapshotPassword string `json:"snapshot_password,omitempty"`
}

// cameraKey is the key of a feed's record; config.CheckPlanned has agreed to its name.
func cameraKey(id media.FeedID) string {
	if strings.Count(string(id), "/") == 1 {
		return string(id) + "/" + noCamera
	}
	return string(id)
}

func feedOf(key string) media.FeedID {
	return media.FeedID(strings.TrimSuffix(key, "/"+noCamera))
}

func cameraRecord(id media.FeedID, f config.Feed) (store.Record, error) {
	row := camera{
		Transport: f.Transport, Always: f.Always, BasicAuth: f.BasicAuth, Role: f.Role, FixedLayer: f.FixedLayer,
		Push: f.Push,
	}
	for _, u := range []struct {
		from          string
		url, password *string
	}{
		{f.Main, &row.Main, &row.Password},
		{f.Sub, &row.Sub, &row.SubPassword},
		{f.Snapshot, &row.Snapshot, &row.SnapshotPassword},
	} {
		var err error
		if *u.url, *u.password, err = part(u.from); err != nil {
			return store.Record{}, fmt.Errorf("feed %s: %w", id, err)
		}
	}
	return record(store.TableCamera, cameraKey(id), row)
}

func record(table, key string, row any) (store.Record, error) {
	body, err := json.Marshal(row)
	if err != nil {
		return store.Record{}, fmt.Errorf("%s %s: %w", table, key, err)
	}
	return store.Record{Table: table, Key: key, Owner: store.OwnerCounty, Row: body}, nil
}

// part takes the password out of an address. Where it stands in the path or the query, as
// many makes want it, the whole address is the secret, and what is left has the mask there.
func part(address string) (without, secret string, err error) {
	if address == "" {
		return "", "", nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("its address is no URL") // err would show the password
	}
	without = address
	password, has := u.User.Password()
	if has {
		u.User = url.User(u.User.Username())
		without = u.String()
	}
	switch hidden := mask.Text(without); {
	case strings.Contains(address, config.PlanMask):
		return unescaped(without), store.Mask, nil
	case hidden != without:
		return strings.ReplaceAll(hidden, mask.Stars, config.PlanMask), address, nil
	}
	return without, password, nil
}

// unescaped has the mask as it is read, where it was written into a URL.
func unescaped(address string) string { return strings.ReplaceAll(address, "%2A", "*") }

// hides tells whether the password that was taken out stood in the path or the query.
func hides(without string) bool { return strings.Contains(without, config.PlanMask) }

// joined puts the secret into an address again. The mask stays readable.
func joined(address, secret string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || secret == "":
		return address
	case hides(address) && secret == store.Mask:
		return address
	case hides(address):
		return secret
	case u.User == nil:
		return address
	case secret == store.Mask:
		user := u.User.String()
		u.User = nil
		return u.Scheme + "://" + user + ":" + config.PlanMask + "@" + strings.TrimPrefix(u.String(), u.Scheme+"://")
	}
	u.User = url.UserPassword(u.User.Username(), secret)
	return u.String()
}

// lost tells whether a camera's address was changed around a password that stands in it and
// was not written again: it cannot be put together.
func lost(old, fresh json.RawMessage) bool {
	var a, b camera
	if json.Unmarshal(old, &a) != nil || json.Unmarshal(fresh, &b) != nil {
		return false
	}
	changed := func(was, is, secret string) bool { return hides(is) && secret == store.Mask && was != is }
	return changed(a.Main, b.Main, b.Password) || changed(a.Sub, b.Sub, b.SubPassword) ||
		changed(a.Snapshot, b.Snapshot, b.SnapshotPassword)
}

// feed is the other way round.
func (c *camera) feed() config.Feed {
	return config.Feed{
		Main: joined(c.Main, c.Password), Sub: joined(c.Sub, c.SubPassword),
		Snapshot:  joined(c.Snapshot, c.SnapshotPassword),
		Transport: c.Transport, Always: c.Always, BasicAuth: c.BasicAuth, Role: c.Role, FixedLayer: c.FixedLayer,
		Push: c.Push,
	}
}
