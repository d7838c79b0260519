package control

import (
	"errors"
	"fmt"
)

// Records is what two machines of a county say about its records (package relay/store).
// Whoever has fewer asks; an answer is a change in the store's own form, in parts. Exactly
// one of Ask, News, Part and Refused is set.
//
//	asker   Ask: what I have
//	other   Part, More … Part: what you have to get; or Refused
//	other   News at any later time: I have this now; whoever wants it asks
type Records struct {
	Ask  *Position `json:"ask,omitempty"`
	News *Position `json:"news,omitempty"`
	// Part is a piece of an answer, and More says that another one follows. It holds
	// passwords in clear; the link is encrypted.
	Part    []byte `json:"part,omitempty"`
	More    bool   `json:"more,omitempty"`
	Refused string `json:"refused,omitempty"` // why, in words
}

// Position says which of the county's records a machine has: those of an epoch, up to a
// revision.
type Position struct {
	Epoch int64 `json:"epoch"`
	Rev   int64 `json:"rev"`
	// Revoked is how many certificates it knows to be revoked, which count no revision.
	Revoked int `json:"revoked,omitempty"`
}

const (
	// partSize keeps a message of an answer small, so that others find their way between
	// them: a school's slice is one part.
	partSize = 64 << 10
	// MostParts bounds an answer: 8 MiB are the records of 20,000 cameras.
	MostParts = 128
	// MostAnswer is that in bytes.
	MostAnswer = MostParts * partSize
)

// Parts cuts an answer into messages.
func Parts(answer []byte) ([]*Records, error) {
	if len(answer) > MostAnswer {
		return nil, fmt.Errorf("%w: an answer of %d bytes, at most %d fit", ErrMessage, len(answer), MostAnswer)
	}
	var list []*Records
	for len(answer) > partSize {
		list = append(list, &Records{Part: answer[:partSize], More: true})
		answer = answer[partSize:]
	}
	return append(list, &Records{Part: answer}), nil
}

func (r *Records) validate() error {
	for _, p := range []*Position{r.Ask, r.News} {
		if p != nil && (p.Epoch < 0 || p.Rev < 0 || p.Revoked < 0) {
			return errors.New("a position of records below zero")
		}
	}
	if len(r.Part) > partSize {
		return fmt.Errorf("a part of records of %d bytes, at most %d are taken", len(r.Part), partSize)
	}
	return nil
}
