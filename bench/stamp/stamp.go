package stamp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Errors wrapped by Parse, Verify and their relatives for audio.
var (
	// ErrNone says that there is no stamp.
	ErrNone = errors.New("no stamp")
	// ErrBroken says that the frame is not the one that was stamped.
	ErrBroken = errors.New("broken frame")
)

// Stamp is what the camera knew about a frame when it sent it.
type Stamp struct {
	Sent   time.Time   // wall clock, to the nanosecond
	Number uint64      // of the frame; main and sub stream share the number of a picture
	Layer  media.Layer // which encoding it was
	Key    bool        // it can be decoded alone
	GOP    uint16      // frames since the key frame; 0 is the key frame itself
	CRC    uint32      // CRC-32C over the slices and the above; Append fills it in
}

// size of a stamp in bytes, without the UUID:
// version 8 | layer 8 | flags 8 | reserved 8 | GOP 16 | reserved 16 |
// sent in ns since 1970 64 | number 64 | CRC 32, all big-endian.
const size = 28

const (
	version = 1
	flagKey = 1
)

func (s *Stamp) appendTo(b []byte) []byte {
	var flags byte
	if s.Key {
		flags |= flagKey
	}
	b = append(b, version, byte(s.Layer), flags, 0)
	b = binary.BigEndian.AppendUint16(b, s.GOP)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Sent.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, s.Number)
	return binary.BigEndian.AppendUint32(b, s.CRC)
}

func parse(b []byte) (Stamp, error) {
	if len(b) < size {
		return Stamp{}, fmt.Errorf("%w: %d bytes of %d", ErrNone, len(b), size)
	}
	if b[0] != version || b[1] >= media.NumLayers {
		return Stamp{}, fmt.Errorf("%w: version %d, layer %d", ErrNone, b[0], b[1])
	}
	return Stamp{
		Layer:  media.Layer(b[1]),
		Key:    b[2]&flagKey != 0,
		GOP:    binary.BigEndian.Uint16(b[4:]),
		Sent:   time.Unix(0, int64(binary.BigEndian.Uint64(b[8:]))),
		Number: binary.BigEndian.Uint64(b[16:]),
		CRC:    binary.BigEndian.Uint32(b[24:]),
	}, nil
}
