package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Parcel is what a school has changed of its own records and the writer does not have
// yet. There is no queue of edits behind it: a camera that was changed a hundred times
// while the line was down is in it once. It holds secrets in clear.
type Parcel struct {
	Author string `json:"author"` // the school's store
	// After is up to which of its changes the school believes the writer to have them.
	After   int64    `json:"after,omitempty"`
	Records []Logged `json:"records,omitempty"`
}

// String tells the size only, never a secret.
func (p Parcel) String() string {
	return fmt.Sprintf("parcel of %d records from store %s", len(p.Records), p.Author)
}

// GoString is String, so that no way of printing shows a secret.
func (p Parcel) GoString() string { return p.String() }

// Receipt is the writer's answer to a parcel.
type Receipt struct {
	Have    int64         `json:"have"` // up to which change of the store the writer has
	Refused []RefusedEdit `json:"refused,omitempty"`
}

// largestParcel keeps one message small: the rest goes with the next.
const largestParcel = 200

func haveTable() []string {
	return []string{`CREATE TABLE have (
		school TEXT NOT NULL, author TEXT NOT NULL, ver BIGINT NOT NULL, PRIMARY KEY (school, author))`}
}

// Unsent gives what the writer has to get, empty for nothing. Send it to the writer,
// and ask for what has changed: that tells what has arrived. Sending it again does no
// harm.
func (s *Store) Unsent(ctx context.Context) (p Parcel, err error) {
	err = s.view(ctx, "read what the writer has to get", func(t tx) error {
		st, err := t.state()
		if err != nil || st.school == "" {
			return err
		}
		have, err := t.have(st.school)
		if err != nil {
			return err
		}
		p.Author, p.After = st.name, have[st.name]
		list, err := s.clearRecords(t, "r.author = $1 AND r.ver > $2", []any{st.name, have[st.name]})
		if err != nil {
			return err
		}
		slices.SortFunc(list, byVer)
		p.Records = list[:min(len(list), largestParcel)]
		return nil
	})
	return p, err
}

// Accept takes in, at the writer, what a school has changed. The caller knows from the
// certificate which school it is. Changes that are known already are passed over. One
// that has become the county's meanwhile is refused and kept, see Refused, and the
// school gets the county's record with the next change.
//
// It fails with ErrNotWriter, and with ErrNotOwner for a parcel with a record that no
// machine of that school could have, and with ErrGap when a writer before this one had
// more of the school than this one has: let the school Pull, then Push again. Nothing
// of the parcel is taken in then.
func (s *Store) Accept(ctx context.Context, school string, p Parcel) (r Receipt, err error) {
	err = s.update(ctx, "take in changes of "+school, func(t tx) error {
		st, err := t.state()
		if err != nil {
			return err
		}
		if !st.writer {
			return ErrNotWriter
		}
		have, err := t.have(school)
		if err != nil {
			return err
		}
		in := accepting{Store: s, tx: t, st: &st, school: school, author: p.Author}
		in.receipt.Have = have[p.Author]
		if p.After > in.receipt.Have {
			return fmt.Errorf("%w: it goes on from change %d of store %s, this machine has %d",
				ErrGap, p.After, p.Author, in.receipt.Have)
		}
		if err := in.all(p.Records); err != nil {
			return err
		}
		r = in.receipt
		if err := s.trim(t, &st); err != nil {
			return err
		}
		return t.setState(&st)
	})
	return r, err
}

func byVer(a, b Logged) int { return cmp.Compare(a.Ver, b.Ver) }

// accepting is one parcel on its way in.
type accepting struct {
	*Store
	tx
	st             *state
	school, author string
	receipt        Receipt
}

func (a *accepting) all(records []Logged) error {
	if len(records) == 0 {
		return nil
	}
	if a.author == "" || len(a.author) > longestKey || len(records) > largestParcel {
		return fmt.Errorf("%w: the parcel has no author, or more than %d records", ErrNotOwner, largestParcel)
	}
	before := a.receipt.Have
	for _, v := range slices.SortedFunc(slices.Values(records), byVer) {
		if v.Ver <= a.receipt.Have {
			continue
		}
		if err := a.record(v); err != nil {
			return err
		}
		a.receipt.Have = v.Ver // each has a revision: who is at our position has this too
	}
	if a.receipt.Have == before {
		return nil
	}
	return a.putHave(Have{a.school, a.author, a.receipt.Have})
}

func (a *accepting) record(got Logged) error {
	v, err := a.prepare(got)
	if err != nil {
		return err
	}
	old, found, err := a.find(v.Table, v.Key)
	if err != nil {
		return err
	}
	if found && overrules(&old, &v) {
		return a.refuse(&v, &old)
	}
	sealed, err := a.sealed(v.Table, v.Key)
	if err != nil {
		return err
	}
	if err := a.log(&v); err != nil {
		return err
	}
	return a.keep(a.tx, &v, sealed)
}

// prepare builds a record from what the school says, and from its key, which says whose
// it is.
func (a *accepting) prepare(got Logged) (Logged, error) {
	kind, err := tableNamed(got.Table)
	if err != nil {
		return got, err
	}
	v, err := prepare(got.Record, a.school)
	if err != nil {
		return v, err
	}
	if v.School != a.school || v.Owner != OwnerSchool {
		return v, fmt.Errorf("%v: %w: it came from school %s", &v.Record, ErrNotOwner, a.school)
	}
	if len(v.Secrets) > 0 {
		return v, fmt.Errorf("%v: a secret stands in its row", &v.Record)
	}
	for field := range got.Secrets {
		if !slices.Contains(kind.secrets, field) {
			return v, fmt.Errorf("%v: %q is no secret of such a record", &v.Record, field)
		}
	}
	if !v.Gone {
		v.Secrets = got.Secrets
	}
	v.Rev, v.Ver, v.Author = got.Rev, got.Ver, a.author
	return v, nil
}

// refuse keeps a change that came too late, and gives the county's record a new
// revision, so that it goes to the school once more. Most often the school is before
// the old one anyway; not when it has got all records anew since its edit, without word
// of those that are gone.
func (a *accepting) refuse(v, county *Logged) error {
	edit, err := a.addRefused(a.st, v, "the county has taken the record over", time.Now())
	if err != nil {
		return err
	}
	a.receipt.Refused = append(a.receipt.Refused, edit)
	return a.log(county)
}

// log writes a record at the next revision.
func (a *accepting) log(v *Logged) error {
	a.st.rev++
	v.Epoch, v.Rev = a.st.epoch, a.st.rev
	return a.save(v)
}

// have reads which changes of a school's stores have been taken in.
func (t tx) have(school string) (map[string]int64, error) {
	list, err := t.haveOf(school)
	if err != nil {
		return nil, err
	}
	m := make(map[string]int64, len(list))
	for _, h := range list {
		m[h.Author] = h.Ver
	}
	return m, nil
}

// haveOf is have as a list; of all schools when school is empty.
func (t tx) haveOf(school string) ([]Have, error) {
	where, args := "", []any(nil)
	if school != "" {
		where, args = " WHERE school = $1", []any{school}
	}
	return all(t, func(r row) (h Have, err error) { return h, r.Scan(&h.School, &h.Author, &h.Ver) },
		`SELECT school, author, ver FROM have`+where+` ORDER BY school, author`, args...)
}

func (t tx) putHave(h Have) error {
	return t.exec(`INSERT INTO have (school, author, ver) VALUES ($1, $2, $3)
		ON CONFLICT (school, author) DO UPDATE SET ver = excluded.ver`, h.School, h.Author, h.Ver)
}

// setHave replaces the list by that of a newer position.
func (t tx) setHave(list []Have) error {
	if err := t.exec(`DELETE FROM have`); err != nil {
		return err
	}
	for _, h := range list {
		if err := t.putHave(h); err != nil {
			return err
		}
	}
	return nil
}
