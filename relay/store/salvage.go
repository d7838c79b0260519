package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
)

// salvaged is what was read out of a damaged database.
type salvaged struct {
	certs   []Cert
	revoked []Revocation
	torn    bool // there may have been more
}

// String says it in an operator's words.
func (v *salvaged) String() string {
	text := fmt.Sprintf("%d certificates and %d revocations were saved from it", len(v.certs), len(v.revoked))
	if v.torn {
		text += ", and some may be lost: look whether all that was revoked still is (classrelay audit list " +
			"on the other hub), and make join codes anew"
	}
	return text
}

// readDamaged reads what it can of which certificates were given out and revoked: a
// stolen machine must not come in again because a disk has failed. The file stays as it
// is. All else comes again from the other machines of the county, or is made anew.
func readDamaged(ctx context.Context, path string) *salvaged {
	name := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"mode": {"ro"},
		// The second one reads a file whose end is missing, too.
		"_pragma": {"query_only(1)", "writable_schema(1)"},
	}.Encode()}
	v := &salvaged{}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		v.torn = true
		return v
	}
	defer func() { _ = db.Close() }() // nothing was written
	var certsTorn, revokedTorn bool
	v.certs, certsTorn = untilTorn(ctx, db, func(r row) (c Cert, err error) {
		var issued, expires int64
		err = r.Scan(&c.Serial, &c.Node, &c.Role, &issued, &expires)
		c.Issued, c.Expires = fromMillis(issued), fromMillis(expires)
		return c, err
	}, `SELECT serial, node, role, issued, expires FROM cert`)
	v.revoked, revokedTorn = untilTorn(ctx, db, func(r row) (x Revocation, err error) {
		var at int64
		err = r.Scan(&x.Serial, &x.Node, &x.Reason, &at)
		x.At = fromMillis(at)
		return x, err
	}, `SELECT serial, node, reason, at FROM revoked`)
	v.torn = certsTorn || revokedTorn
	return v
}

// untilTorn reads rows up to the first that cannot be read.
func untilTorn[T any](
	ctx context.Context, db *sql.DB, scan func(row) (T, error), query string,
) (list []T, torn bool) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, true
	}
	defer func() { _ = rows.Close() }() // rows.Err has what matters
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return list, true
		}
		list = append(list, v)
	}
	return list, rows.Err() != nil
}

// restore puts into a new database what was saved from the damaged one.
func (s *Store) restore(ctx context.Context, v *salvaged) error {
	return s.update(ctx, "take over what was saved", func(t tx) error {
		for _, c := range v.certs {
			err := t.exec(`INSERT INTO cert (serial, node, role, issued, expires) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (serial) DO NOTHING`, c.Serial, c.Node, c.Role, millis(c.Issued), millis(c.Expires))
			if err != nil {
				return err
			}
		}
		return revokeAll(t, v.revoked)
	})
}
