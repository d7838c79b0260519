package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Token lets one machine join, once. The code itself is with the person who types it
// in; here is its SHA-256.
type Token struct {
	Hash          [32]byte
	School, Role  string // what the new certificate will say
	Made, Expires time.Time
	UsedBy        string // the node that joined with it, empty for none yet
	UsedAt        time.Time
}

func tokenTable() []string {
	return []string{
		`CREATE TABLE token (
			hash TEXT PRIMARY KEY, school TEXT NOT NULL, role TEXT NOT NULL,
			made BIGINT NOT NULL, expires BIGINT NOT NULL,
			used_by TEXT NOT NULL, used_at BIGINT NOT NULL)`,
	}
}

const tokenColumns = `hash, school, role, made, expires, used_by, used_at`

// AddToken keeps a new token.
func (s *Store) AddToken(ctx context.Context, k Token) error {
	return s.update(ctx, "add a token for "+k.School, func(t tx) error {
		return t.exec(`INSERT INTO token (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			hex.EncodeToString(k.Hash[:]), k.School, k.Role, millis(k.Made), millis(k.Expires), k.UsedBy, millis(k.UsedAt))
	})
}

// TakeToken marks a token as used by a node and returns it. Of two that take it at the
// same time one gets it, the other ErrTokenUsed, together with the token as it is, so
// that a node whose answer was lost can be told apart from a stranger by UsedBy. It
// fails with ErrNoToken or ErrTokenExpired too.
func (s *Store) TakeToken(ctx context.Context, hash [32]byte, node string, now time.Time) (Token, error) {
	var k Token
	err := s.update(ctx, "take a token for "+node, func(t tx) (err error) {
		k, err = readToken(t, hash)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoToken
		case err != nil:
			return err
		case k.UsedBy != "":
			return fmt.Errorf("%w, by %s at %s", ErrTokenUsed, k.UsedBy, k.UsedAt.Format(time.RFC3339))
		case !now.Before(k.Expires):
			return fmt.Errorf("%w, at %s: make a new one", ErrTokenExpired, k.Expires.Format(time.RFC3339))
		}
		k.UsedBy, k.UsedAt = node, fromMillis(millis(now))
		return t.exec(`UPDATE token SET used_by = $1, used_at = $2 WHERE hash = $3`,
			k.UsedBy, millis(k.UsedAt), hex.EncodeToString(hash[:]))
	})
	return k, err
}

// Tokens lists all tokens, newest first.
func (s *Store) Tokens(ctx context.Context) (list []Token, err error) {
	err = s.view(ctx, "list the tokens", func(t tx) error {
		list, err = all(t, scanToken, `SELECT `+tokenColumns+` FROM token ORDER BY made DESC, hash`)
		return err
	})
	return list, err
}

func readToken(t tx, hash [32]byte) (Token, error) {
	return scanToken(t.sql.QueryRowContext(t.ctx, `SELECT `+tokenColumns+` FROM token WHERE hash = $1`,
		hex.EncodeToString(hash[:])))
}

func scanToken(r row) (k Token, err error) {
	var (
		hash                string
		made, expires, used int64
	)
	if err := r.Scan(&hash, &k.School, &k.Role, &made, &expires, &k.UsedBy, &used); err != nil {
		return k, err
	}
	k.Made, k.Expires, k.UsedAt = fromMillis(made), fromMillis(expires), fromMillis(used)
	if n, err := hex.Decode(k.Hash[:], []byte(hash)); err != nil || n != len(k.Hash) {
		return k, fmt.Errorf("%w: token %q", ErrDamaged, hash)
	}
	return k, nil
}
