package store

import (
	"context"
	"encoding/hex"
	"math"
	"strings"
	"time"
)

// Event is one thing that was done or refused.
type Event struct {
	At     time.Time // to the millisecond
	Actor  string    // who: a user, a node, classrelay itself
	Source string    // from where: an address, a command
	Action string    // what, such as token.add
	Object string    // to what, such as a school
	Result string    // ok, or why not
}

// Entry is an event in the audit log.
type Entry struct {
	Seq int64 // from 1, without gaps
	Event
	Hash [32]byte // of this entry and, through the one before it, of all earlier ones
}

func auditTables() []string {
	return []string{
		`CREATE TABLE audit (
			seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, source TEXT NOT NULL,
			action TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL,
			prev TEXT NOT NULL, hash TEXT NOT NULL)`,
		`CREATE TABLE audit_head (id BIGINT PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL, hash TEXT NOT NULL)`,
		`INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '` + hex.EncodeToString(make([]byte, 32)) + `')`,
	}
}

const auditColumns = `seq, at, actor, source, action, object, result, prev, hash`

// Audit appends an event to the log.
func (s *Store) Audit(ctx context.Context, e Event) error {
	return s.update(ctx, "audit "+e.Action, func(t tx) error { return appendAudit(t, e) })
}

// appendAudit appends inside of a transaction, so that a deed and its entry are
// committed together.
func appendAudit(t tx, e Event) error {
	head, err := auditHead(t)
	if err != nil {
		return err
	}
	e.clean()
	link := e.chain(head)
	err = t.exec(`INSERT INTO audit (`+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		link.Seq, millis(e.At), e.Actor, e.Source, e.Action, e.Object, e.Result, head.hex(), link.hex())
	if err != nil {
		return err
	}
	return t.exec(`UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1`, link.Seq, link.hex())
}

// longestField is how much of what a stranger says is kept.
const longestField = 1000 // bytes

// clean cuts the texts of an event to what every database keeps as it is: UTF-8 without
// zero bytes. Some of it is what strangers say of themselves.
func (e *Event) clean() {
	for _, field := range []*string{&e.Actor, &e.Source, &e.Action, &e.Object, &e.Result} {
		*field = strings.ReplaceAll((*field)[:min(len(*field), longestField)], "\x00", "?")
		*field = strings.ToValidUTF8(*field, "?")
	}
}

// AuditLog lists up to limit entries before a sequence number, newest first; 0 begins
// with the newest.
func (s *Store) AuditLog(ctx context.Context, before int64, limit int) (list []Entry, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	err = s.view(ctx, "list the audit log", func(t tx) error {
		list, err = all(t, func(r row) (Entry, error) {
			e, _, err := scanEntry(r)
			return e, err
		}, `SELECT `+auditColumns+` FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2`, before, limit)
		return err
	})
	return list, err
}

// scanEntry reads an entry and the hash that it says the one before it has.
func scanEntry(r row) (e Entry, prev [32]byte, err error) {
	var (
		at                 int64
		prevHex, hashInHex string
	)
	err = r.Scan(&e.Seq, &at, &e.Actor, &e.Source, &e.Action, &e.Object, &e.Result, &prevHex, &hashInHex)
	if err != nil {
		return e, prev, err
	}
	e.At = fromMillis(at)
	// A hash that cannot be read is no hash: the chain is broken there, as VerifyAudit says.
	_, _ = hex.Decode(prev[:], []byte(prevHex[:min(len(prevHex), 64)]))
	_, _ = hex.Decode(e.Hash[:], []byte(hashInHex[:min(len(hashInHex), 64)]))
	return e, prev, nil
}
