package enrol

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// The protocols (ALPN, RFC 7301) beside that of the media, on the same port.
const (
	// ProtocolJoin is for machines that come with a code.
	ProtocolJoin = "classrelay-join/1"
	// ProtocolRenew is for nodes whose certificate wants renewing.
	ProtocolRenew = "classrelay-renew/1"
)

// The largest messages, in bytes. An Ask is a request of 200 bytes and little else; an
// Answer has two certificates of 700.
const (
	maxAsk    = 8 << 10
	maxAnswer = 32 << 10
)

// ErrMessage is wrapped by every error about what the other side said.
var ErrMessage = errors.New("bad enrolment message")

// Ask is what somebody wants who joins or renews: the only message of the side that
// dials, on a stream it has opened.
type Ask struct {
	// Token is the secret of the join code; empty when renewing.
	Token []byte `json:"token,omitempty"`
	// Name is what the node wants to be called; empty: as its school.
	Name string `json:"name,omitempty"`
	// Request is a certificate request (PKCS #10). Only its key is read.
	Request []byte `json:"request"`
	// Software is the version of the asker's program, for the log.
	Software string `json:"software,omitempty"`
	// Now is the asker's clock, for the log.
	Now time.Time `json:"now"`
}

// Answer is what comes back on the same stream: a certificate, or why there is none.
type Answer struct {
	// Certificate is new and in DER, CA who signed it.
	Certificate []byte `json:"certificate,omitempty"`
	CA          []byte `json:"ca,omitempty"`
	// Now is the time at the machine with the CA.
	Now time.Time `json:"now"`
	// Refused is set instead of a certificate.
	Refused *Refusal `json:"refused,omitempty"`
}

// Reason says in one word why somebody is refused.
type Reason string

// The reasons.
const (
	ReasonUnknown Reason = "unknown-code" // nobody made this code here
	ReasonExpired Reason = "expired-code"
	ReasonUsed    Reason = "used-code"
	ReasonName    Reason = "name"    // the node cannot be called that
	ReasonRequest Reason = "request" // what was sent is no request
	ReasonBusy    Reason = "busy"    // later
	ReasonFailed  Reason = "failed"  // something went wrong at the hub
)

// Refusal is why somebody gets no certificate.
type Refusal struct {
	Reason Reason `json:"reason"`
	Why    string `json:"why"` // in words, for who asked
}

// Error is the words.
func (r *Refusal) Error() string { return r.Why }

// WriteAsk sends an Ask.
func WriteAsk(w io.Writer, a *Ask) error { return send(w, a, maxAsk) }

// ReadAsk receives an Ask.
func ReadAsk(r io.Reader) (*Ask, error) {
	a := &Ask{}
	if err := receive(r, a, maxAsk); err != nil {
		return nil, err
	}
	if len(a.Token) != 0 && len(a.Token) != len(Token{}) {
		return nil, fmt.Errorf("%w: a token of %d bytes", ErrMessage, len(a.Token))
	}
	return a, nil
}

// WriteAnswer sends an Answer.
func WriteAnswer(w io.Writer, a *Answer) error { return send(w, a, maxAnswer) }

// ReadAnswer receives an Answer.
func ReadAnswer(r io.Reader) (*Answer, error) {
	a := &Answer{}
	if err := receive(r, a, maxAnswer); err != nil {
		return nil, err
	}
	if (a.Refused == nil) == (len(a.Certificate) == 0) {
		return nil, fmt.Errorf("%w: an answer with neither a certificate nor a reason, or with both", ErrMessage)
	}
	return a, nil
}

// send writes a message as JSON, with its length in four bytes in front.
func send(w io.Writer, v any, most int) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if len(body) > most {
		return fmt.Errorf("%w: %d bytes to send, at most %d fit", ErrMessage, len(body), most)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

func receive(r io.Reader, v any, most int) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > uint32(most) {
		return fmt.Errorf("%w: length %d is not within 1 to %d", ErrMessage, n, most)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return nil
}
