package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/store"
)

// Edit is one record that a plan adds, changes or removes.
type Edit struct {
	Sign   byte // '+', '~' or '-'
	Record store.Record
}

// String is for people: + camera s012/room-1. It shows no address.
func (e Edit) String() string {
	return fmt.Sprintf("%c %s %s", e.Sign, e.Record.Table, strings.TrimSuffix(e.Record.Key, "/"+noCamera))
}

// Edits tells what would make a store have a plan. With part, schools and classes that the
// plan does not name stay as they are; else they go. A password that is not the mask
// counts as a change.
func Edits(ctx context.Context, s *store.Store, p *config.Plan, part bool) (edits []Edit, err error) {
	want, err := records(p)
	if err != nil {
		return nil, err
	}
	have := make(map[[2]string]store.Record)
	for _, table := range []string{store.TableSchool, store.TableCamera, store.TableClass, store.TableMember} {
		list, err := s.List(ctx, table, "")
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			have[[2]string{r.Table, r.Key}] = r
		}
	}
	for _, w := range want {
		at := [2]string{w.Table, w.Key}
		old, there := have[at]
		delete(have, at)
		switch {
		case !there:
			edits = append(edits, Edit{'+', w})
		case w.Table == store.TableCamera && lost(old.Row, w.Row):
			return nil, fmt.Errorf("camera %s: %w: its address has changed around a password that stands in it: type it",
				feedOf(w.Key), store.ErrNoSecret)
		case !sameRow(old.Row, w.Row):
			edits = append(edits, Edit{'~', w})
		}
	}
	for _, r := range slices.SortedFunc(maps.Values(have), byName) {
		if !part || named(p, r) {
			edits = append(edits, Edit{'-', store.Record{Table: r.Table, Key: r.Key, Owner: store.OwnerCounty, Gone: true}})
		}
	}
	return edits, nil
}

func byName(a, b store.Record) int { return strings.Compare(a.Table+" "+a.Key, b.Table+" "+b.Key) }

// named tells whether a plan names the school or class that a record is part of.
func named(p *config.Plan, r store.Record) (is bool) {
	of, _, _ := strings.Cut(r.Key, "/")
	if r.Table == store.TableMember || r.Table == store.TableClass {
		_, is = p.Classes[of]
	} else {
		_, is = p.Schools[of]
	}
	return is
}

// sameRow compares what two rows say, whatever the order of their keys.
func sameRow(a, b json.RawMessage) bool {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return maps.EqualFunc(x, y, func(p, q json.RawMessage) bool {
		var m, n bytes.Buffer
		return json.Compact(&m, p) == nil && json.Compact(&n, q) == nil && bytes.Equal(m.Bytes(), n.Bytes())
	})
}

// Apply writes edits, all or none, and says so in the audit log. It returns the revision
// after them. Where this machine is not the writer of the county it fails with
// store.ErrNotWriter.
func Apply(ctx context.Context, s *store.Store, edits []Edit, actor string) (rev int64, err error) {
	if len(edits) == 0 {
		_, rev, err = s.Position(ctx)
		return rev, err
	}
	list := make([]store.Record, len(edits))
	for i, e := range edits {
		list[i] = e.Record
	}
	if rev, err = s.Put(ctx, list...); err != nil {
		return 0, err
	}
	return rev, s.Audit(ctx, store.Event{
		At: time.Now(), Actor: actor, Source: "classrelay county", Action: "county.apply",
		Object: fmt.Sprintf("revision %d", rev), Result: "ok: " + summary(edits),
	})
}

// summary names the edits, the first of many.
func summary(edits []Edit) string {
	const enough = 20
	words := make([]string, 0, enough+1)
	for i, e := range edits {
		if i == enough {
			words = append(words, fmt.Sprintf("and %d more", len(edits)-enough))
			break
		}
		words = append(words, e.String())
	}
	return strings.Join(words, ", ")
}

// records are all that a plan says.
func records(p *config.Plan) (list []store.Record, err error) {
	add := func(r store.Record, e error) {
		if err == nil {
			err = e
		}
		list = append(list, r)
	}
	type nothing struct{}
	for _, name := range slices.Sorted(maps.Keys(p.Schools)) {
		add(record(store.TableSchool, name, nothing{}))
		feeds := p.Schools[name].Feeds
		for _, id := range slices.Sorted(maps.Keys(feeds)) {
			add(cameraRecord(id, feeds[id]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Classes)) {
		c := p.Classes[name]
		add(record(store.TableClass, name, class{Main: c.Main, Floor: c.Floor, Hubs: c.Hubs, Rooms: c.Rooms}))
		for _, school := range taking(c) {
			add(record(store.TableMember, name+"/"+school, nothing{}))
		}
	}
	return list, err
}

// taking are the schools that take part in a class: those whose feeds its rooms show.
func taking(c config.Class) []string {
	schools := make(map[string]bool)
	for _, feed := range c.Rooms {
		name, _, _ := strings.Cut(string(feed), "/")
		schools[name] = true
	}
	return slices.Sorted(maps.Keys(schools))
}
