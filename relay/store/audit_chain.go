package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Head is where the audit log stands: how many entries it has, and the hash of the
// last one, which stands for all of them.
//
// Who can write the database can compute every hash anew, the head's too. Only a head
// that was noted somewhere else, on paper or on another machine, shows that: a log
// that still passes VerifySince with it has all that it had then, unchanged.
type Head struct {
	Seq  int64
	Hash [32]byte
}

// String is the head as people note it: 1234:9f86d08…
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.hex()) }

func (h Head) hex() string { return hex.EncodeToString(h.Hash[:]) }

// ParseHead reads what String wrote.
func ParseHead(s string) (h Head, err error) {
	var hash string
	if _, err := fmt.Sscanf(s, "%d:%s", &h.Seq, &hash); err != nil {
		return h, fmt.Errorf("%q is no head of an audit log: it has the form NUMBER:HASH", s)
	}
	b, err := hex.DecodeString(hash)
	if err != nil || len(b) != len(h.Hash) || h.Seq < 0 {
		return h, fmt.Errorf("%q is no head of an audit log: it has the form NUMBER:HASH, with 64 hexadecimal digits", s)
	}
	return Head{h.Seq, [32]byte(b)}, nil
}

// AuditError says where the audit log is not what it was.
type AuditError struct {
	Seq  int64  // the first entry that is wrong or missing
	What string // what is wrong with it
}

func (e *AuditError) Error() string { return fmt.Sprintf("audit entry %d %s", e.Seq, e.What) }

// chain is the link of an event behind head: the SHA-256 of a label, the hash before
// it, its number and its fields, each with its length in front, so that no two
// different events have the same bytes.
func (e *Event) chain(head Head) Head {
	next := Head{Seq: head.Seq + 1}
	b := append([]byte("classrelay audit 1\n"), head.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(next.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(millis(e.At)))
	for _, field := range []string{e.Actor, e.Source, e.Action, e.Object, e.Result} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	next.Hash = sha256.Sum256(b)
	return next
}

// AuditHead tells where the audit log stands, for noting it elsewhere.
func (s *Store) AuditHead(ctx context.Context) (h Head, err error) {
	err = s.view(ctx, "read the head of the audit log", func(t tx) error {
		h, err = auditHead(t)
		return err
	})
	return h, err
}

// VerifyAudit computes the chain anew and returns how many entries hold. The error is
// an *AuditError with the first entry that was changed, put in, taken out, or cut off
// the end.
func (s *Store) VerifyAudit(ctx context.Context) (n int64, err error) {
	head, err := s.VerifyAuditSince(ctx, Head{})
	return head.Seq, err
}

// VerifyAuditSince is VerifyAudit, and the log must also have passed through a head
// that was noted before. The zero Head is that of an empty log, which all have. It
// returns the head up to which the log holds.
func (s *Store) VerifyAuditSince(ctx context.Context, noted Head) (holds Head, err error) {
	err = s.view(ctx, "verify the audit log", func(t tx) error {
		v := verifier{noted: noted}
		err := v.walk(t)
		if err == nil {
			err = v.end(t)
		}
		holds = v.at
		return err
	})
	return holds, err
}

// verifier walks the chain.
type verifier struct {
	at    Head // as far as the chain holds
	noted Head
}

func (v *verifier) walk(t tx) error {
	rows, err := t.sql.QueryContext(t.ctx, `SELECT `+auditColumns+` FROM audit ORDER BY seq`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err has what matters
	for rows.Next() {
		e, prev, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if err := v.step(e, prev); err != nil {
			return err
		}
	}
	return rows.Err()
}

// step checks the next entry.
func (v *verifier) step(e Entry, prev [32]byte) error {
	next := e.chain(v.at)
	switch {
	case e.Seq > next.Seq:
		return &AuditError{next.Seq, fmt.Sprintf("is missing: the next one is %d", e.Seq)}
	case e.Seq < next.Seq:
		return &AuditError{e.Seq, "is not one of the log: numbers begin at 1"}
	case prev != v.at.Hash:
		return &AuditError{e.Seq, "does not follow the one before it: one of the two was put there later"}
	case e.Hash != next.Hash:
		return &AuditError{e.Seq, "was changed"}
	case next.Seq == v.noted.Seq && next.Hash != v.noted.Hash:
		return &AuditError{e.Seq, "is not the one that was noted: the log up to it was written anew"}
	}
	v.at = next
	return nil
}

// end checks that the log ends where it should.
func (v *verifier) end(t tx) error {
	head, err := auditHead(t)
	if err != nil {
		return err
	}
	switch {
	case head.Seq > v.at.Seq:
		return &AuditError{v.at.Seq + 1, fmt.Sprintf("is missing: the end was cut off, the log had %d entries", head.Seq)}
	case head.Seq < v.at.Seq:
		return &AuditError{head.Seq + 1, "was put there later: the log ended before it"}
	case head != v.at:
		return &AuditError{head.Seq, "is not the one that the log ended with"}
	case v.noted.Seq > v.at.Seq:
		return &AuditError{v.at.Seq + 1, fmt.Sprintf("is missing: the noted head is that of %d entries", v.noted.Seq)}
	}
	return nil
}

func auditHead(t tx) (h Head, err error) {
	var hash string
	if err := t.one([]any{&h.Seq, &hash}, `SELECT seq, hash FROM audit_head WHERE id = 1`); err != nil {
		return h, err
	}
	if n, err := hex.Decode(h.Hash[:], []byte(hash[:min(len(hash), 64)])); err != nil || n != 32 {
		return h, &AuditError{h.Seq, "has a head that is no hash"}
	}
	return h, nil
}
