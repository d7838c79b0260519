package store

import (
	"context"
	"fmt"
	"time"
)

// Cert is a certificate that was given out on this machine. Revoked is zero while the
// certificate is good.
type Cert struct {
	Serial, Node, Role       string
	Issued, Expires, Revoked time.Time
	Reason                   string
}

// Revocation is a serial that nobody may use any more. It spreads to every machine of
// the county; a list of them only grows, so that it needs no owner: any hub may
// revoke, also while the others are away.
type Revocation struct {
	Serial string    `json:"serial"`
	Node   string    `json:"node"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func certTables() []string {
	return []string{
		`CREATE TABLE cert (
			serial TEXT PRIMARY KEY, node TEXT NOT NULL, role TEXT NOT NULL,
			issued BIGINT NOT NULL, expires BIGINT NOT NULL)`,
		`CREATE INDEX cert_of_node ON cert (node)`,
		`CREATE TABLE revoked (
			serial TEXT PRIMARY KEY, node TEXT NOT NULL, reason TEXT NOT NULL, at BIGINT NOT NULL)`,
	}
}

// AddCert keeps a certificate that was given out.
func (s *Store) AddCert(ctx context.Context, c Cert) error {
	return s.update(ctx, "keep the certificate of "+c.Node, func(t tx) error {
		err := t.exec(`INSERT INTO cert (serial, node, role, issued, expires) VALUES ($1, $2, $3, $4, $5)`,
			c.Serial, c.Node, c.Role, millis(c.Issued), millis(c.Expires))
		if err != nil || c.Revoked.IsZero() {
			return err
		}
		return revoke(t, Revocation{c.Serial, c.Node, c.Reason, c.Revoked})
	})
}

// RevokeNode revokes every certificate of a node that has not run out and was given
// out here, and returns their serials; ErrNoCert when there was none. Those that were
// revoked already are not among them.
func (s *Store) RevokeNode(ctx context.Context, node, reason string, now time.Time) (serials []string, err error) {
	err = s.update(ctx, "revoke "+node, func(t tx) error {
		var known int
		if err := t.one([]any{&known}, `SELECT count(*) FROM cert WHERE node = $1`, node); err != nil {
			return err
		}
		if known == 0 {
			return fmt.Errorf("%w: none was given to %s here", ErrNoCert, node)
		}
		serials, err = all(t, text, `SELECT serial FROM cert WHERE node = $1 AND expires > $2
			AND serial NOT IN (SELECT serial FROM revoked) ORDER BY serial`, node, millis(now)-renewable.Milliseconds())
		if err != nil {
			return err
		}
		for _, serial := range serials {
			if err := revoke(t, Revocation{serial, node, reason, now}); err != nil {
				return err
			}
		}
		return nil
	})
	return serials, err
}

// renewable is how long an expired certificate can still be renewed: one that ran out
// less than that ago has to be revoked like a good one.
const renewable = 30 * 24 * time.Hour

// Revoked lists the serials nobody may use, whoever revoked them.
func (s *Store) Revoked(ctx context.Context) (serials []string, err error) {
	err = s.view(ctx, "list the revoked serials", func(t tx) error {
		serials, err = all(t, text, `SELECT serial FROM revoked ORDER BY serial`)
		return err
	})
	return serials, err
}

// Certs lists the certificates that were given out here, by node, newest first.
func (s *Store) Certs(ctx context.Context) (list []Cert, err error) {
	err = s.view(ctx, "list the certificates", func(t tx) error {
		list, err = all(t, scanCert, `SELECT c.serial, c.node, c.role, c.issued, c.expires,
			coalesce(r.at, 0), coalesce(r.reason, '')
			FROM cert c LEFT JOIN revoked r ON r.serial = c.serial ORDER BY c.node, c.issued DESC, c.serial`)
		return err
	})
	return list, err
}

func scanCert(r row) (c Cert, err error) {
	var issued, expires, revoked int64
	err = r.Scan(&c.Serial, &c.Node, &c.Role, &issued, &expires, &revoked, &c.Reason)
	c.Issued, c.Expires, c.Revoked = fromMillis(issued), fromMillis(expires), fromMillis(revoked)
	return c, err
}

func revocations(t tx) ([]Revocation, error) {
	return all(t, func(r row) (v Revocation, err error) {
		var at int64
		err = r.Scan(&v.Serial, &v.Node, &v.Reason, &at)
		v.At = fromMillis(at)
		return v, err
	}, `SELECT serial, node, reason, at FROM revoked ORDER BY serial`)
}

// revokeAll takes in what another machine has revoked. Serials that are known stay as
// they are. The caller has made sure that the other one may revoke: a hub may.
func revokeAll(t tx, list []Revocation) error {
	for _, v := range list {
		if err := revoke(t, v); err != nil {
			return err
		}
	}
	return nil
}

func revoke(t tx, v Revocation) error {
	return t.exec(`INSERT INTO revoked (serial, node, reason, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (serial) DO NOTHING`, v.Serial, v.Node, v.Reason, millis(v.At))
}
