package truth

import (
	"encoding/binary"
	"io"

	"github.com/classrelay/classrelay/media"
)

// An IVF file is a header of 32 bytes and then each unit behind its size (32 bits)
// and its time (64 bits), all little-endian. Our time is the number of the unit.
const (
	ivfHeader = 32
	ivfUnit   = 12
	// ivfRate is how many units of time make a second; the decoder counts in it.
	ivfRate = 25
)

// writeIVFHeader begins a file. Width and height stay zero: parameter sets tell them,
// and they change with the layer.
func writeIVFHeader(w io.Writer, codec media.Codec) error {
	b := make([]byte, 0, ivfHeader)
	b = append(b, "DKIF"...)
	b = binary.LittleEndian.AppendUint16(b, 0) // version
	b = binary.LittleEndian.AppendUint16(b, ivfHeader)
	if codec == media.H265 {
		b = append(b, "HEVC"...)
	} else {
		b = append(b, "H264"...)
	}
	b = binary.LittleEndian.AppendUint32(b, 0) // width and height, 16 bits each
	b = binary.LittleEndian.AppendUint32(b, ivfRate)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint64(b, 0) // length: not known yet, and nobody needs it
	_, err := w.Write(b)
	return err
}

// writeIVFUnit writes one access unit with start codes (annex B).
func writeIVFUnit(w io.Writer, number uint64, au [][]byte) error {
	size := 0
	for _, nal := range au {
		size += len(startCode) + len(nal)
	}
	b := make([]byte, 0, ivfUnit+size)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint64(b, number)
	for _, nal := range au {
		b = append(append(b, startCode...), nal...)
	}
	_, err := w.Write(b)
	return err
}

// startCode stands in front of a NAL unit (H.264 and H.265 annex B).
const startCode = "\x00\x00\x00\x01"
