package stamp

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/classrelay/classrelay/media"
)

// audioMagic begins a stamped frame of G.711.
const audioMagic = "CRLaudio"

// AudioSize is how many bytes of a G.711 frame the stamp takes: 3.5 ms of sound.
const AudioSize = len(audioMagic) + 8 + 8 + 4

// AppendAudio appends a frame of G.711 with the stamp in place of its first
// AudioSize samples: magic, time sent in ns 64, number 64, CRC-32C 32 over all
// the other bytes. Layer, Key and GOP are not carried. The frame is shorter than
// AudioSize only by mistake of the caller, and is then not stamped.
func AppendAudio(b, frame []byte, s Stamp) []byte {
	if len(frame) < AudioSize {
		return append(b, frame...)
	}
	start := len(b)
	b = append(b, audioMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Sent.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, s.Number)
	b = append(append(b, 0, 0, 0, 0), frame[AudioSize:]...)
	binary.BigEndian.PutUint32(b[start+AudioSize-4:], audioSum(b[start:]))
	return b
}

// VerifyAudio reads the stamp of a G.711 frame and checks that the frame is whole.
func VerifyAudio(frame []byte) (Stamp, error) {
	if len(frame) < AudioSize || string(frame[:len(audioMagic)]) != audioMagic {
		return Stamp{}, ErrNone
	}
	b := frame[len(audioMagic):]
	s := Stamp{
		Sent:   time.Unix(0, int64(binary.BigEndian.Uint64(b))),
		Number: binary.BigEndian.Uint64(b[8:]),
		Layer:  media.LayerAudio,
		Key:    true,
		CRC:    binary.BigEndian.Uint32(b[16:]),
	}
	if got := audioSum(frame); got != s.CRC {
		return s, fmt.Errorf("%w: sound frame %d: checksum %08x, stamped %08x", ErrBroken, s.Number, got, s.CRC)
	}
	return s, nil
}

// audioSum is a CRC-32C over all of a frame but the sum itself.
func audioSum(frame []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	crc := crc32.Update(0, table, frame[:AudioSize-4])
	return crc32.Update(crc, table, frame[AudioSize:])
}
