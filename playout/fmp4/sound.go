package fmp4

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4"

	"github.com/classrelay/classrelay/media"
)

// ErrCodec is wrapped by the errors about codecs that a MediaSource does not play.
var ErrCodec = errors.New("browsers do not play it from a MediaSource")

const (
	// soundAlone is how much sound goes out without a picture to go with: the length
	// of one at 25 per second.
	soundAlone = 40 * time.Millisecond
	// longHole is the longest hole that is filled with silence. After a longer one
	// the picture has a hole as well, and the page has to jump over both.
	longHole = 2 * time.Second
	// heldSounds bounds what waits for the first report, in packets: two seconds.
	heldSounds = 100
)

// sound is the state of the sound's track.
type sound struct {
	unpack  unpacker
	clock   clock
	codec   mp4.Codec
	name    string // RFC 6381
	unit    int64  // ticks of one unit of AAC; 0: Opus packets tell theirs
	silent  []byte // one unit of silence
	lasting int64  // how long it lasts, in ticks
	held    []frame
	wait    patience

	after   time.Duration // where the sound before this track ended
	open    bool
	end     int64 // where the sound that was given ends, in ticks
	base    int64 // where pending begins
	pending []*sample
}

func newSound(t *media.Track) (*sound, error) {
	s := &sound{}
	s.clock.rate = int64(t.ClockRate)
	switch t.Codec {
	case media.AAC:
		if err := s.aac(t); err != nil {
			return nil, err
		}
		return s, nil
	case media.Opus:
		s.unpack = opusUnpacker{}
		s.codec, s.name = &mp4.CodecOpus{ChannelCount: 2}, "opus" // RFC 7587 §4.2: always two
		s.silent, s.lasting = silentOpus(), s.clock.rate/50
		return s, nil
	case media.H264, media.H265, media.G711:
	}
	return nil, fmt.Errorf("%s: %w", t.Codec, ErrCodec)
}

// aac reads what the SDP says (RFC 3640 §4.1).
func (s *sound) aac(t *media.Track) error {
	raw, err := hex.DecodeString(fmtp(t, "config"))
	if err != nil {
		return fmt.Errorf("AAC config: %w", err)
	}
	var cfg mpeg4audio.AudioSpecificConfig
	if err = cfg.Unmarshal(raw); err != nil {
		return fmt.Errorf("AAC config %x: %w", raw, err)
	}
	if fmtp(t, "sizelength") != "13" {
		return fmt.Errorf("AAC with sizelength %q, want the 13 of AAC-hbr", fmtp(t, "sizelength"))
	}
	if cfg.SampleRate < 7350 || cfg.ChannelCount < 1 || cfg.ChannelCount > 2 {
		return fmt.Errorf("AAC with %d channels at %d Hz: %w", cfg.ChannelCount, cfg.SampleRate, ErrCodec)
	}
	object := int(cfg.Type)
	if cfg.ExtensionType != 0 {
		object = int(cfg.ExtensionType)
	}
	s.unpack = &aacUnpacker{}
	s.codec, s.name = &mp4.CodecMPEG4Audio{Config: cfg}, fmt.Sprintf("mp4a.40.%d", object)
	samples := int64(mpeg4audio.SamplesPerAccessUnit)
	if cfg.FrameLengthFlag {
		samples = 960 // ISO/IEC 14496-3 table 4.1
	}
	s.unit = samples * s.clock.rate / int64(cfg.SampleRate)
	s.silent, s.lasting = silentAAC(cfg.ChannelCount), s.unit
	return nil
}

// fmtp reads a format parameter; their names are case-insensitive (RFC 3640 §4.1).
func fmtp(t *media.Track, name string) string {
	for k, v := range t.FMTP {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// silentAAC is a raw_data_block without spectral data (ISO/IEC 14496-3 §4.4.2.1): for
// one channel an ID_SCE (3 bits 0, 4 bits tag, 8 bits gain, 11 bits ics_info with
// max_sfb 0, 3 flags) and ID_END (111); for two an ID_CPE (001, tag, common window,
// ics_info, 2 bits M/S, twice 8 bits gain and 3 flags) and ID_END.
func silentAAC(channels int) []byte {
	if channels == 1 {
		return []byte{0x00, 0x00, 0x00, 0x07}
	}
	return []byte{0x21, 0x00, 0x00, 0x00, 0x00, 0x1c}
}

// silentOpus is a CELT frame of 20 ms (RFC 6716 §3.1: configuration 31, stereo, code 0)
// whose first symbol says that it is silent (§4.3: probability 2⁻¹⁵).
func silentOpus() []byte { return []byte{31<<3 | 1<<2, 0xff, 0xfe} }

// hold keeps sound until its time is known and a picture is there.
func (s *sound) hold(f frame) {
	if len(s.held) == heldSounds {
		s.held = slices.Delete(s.held, 0, 1)
	}
	s.held = append(s.held, f)
}

func (s *sound) take() []frame {
	held := s.held
	s.held = nil
	return held
}

// lengthOf is how long a unit lasts, in ticks.
func (s *sound) lengthOf(u []byte) int64 {
	if s.unit > 0 {
		return s.unit
	}
	return opus.PacketDuration2(u) * s.clock.rate / 48000
}

// begin says where the sound begins, or goes on after a long hole. Nothing may be
// pending.
func (s *sound) begin(at int64) { s.open, s.end = true, at }

// fill puts silence up to at, in whole units, and tells how many.
func (s *sound) fill(at int64) (n int) {
	for ; at-s.end >= s.lasting; n++ {
		s.push(s.lasting, s.silent)
	}
	return n
}

// add puts a unit behind what there is. What is left of a hole, or the rounding of a
// camera that counts in milliseconds, is added to its length. It reports false for a
// unit that comes where there is something already.
func (s *sound) add(at, length int64, u []byte) bool {
	off := at - s.end
	if length <= 0 || off < -length/2 || off > s.lasting {
		return false
	}
	s.push(length+off, u)
	return true
}

func (s *sound) push(length int64, u []byte) {
	if len(s.pending) == 0 {
		s.base = s.end
	}
	s.pending = append(s.pending, &sample{Duration: uint32(length), Payload: u})
	s.end += length
}

// waiting is how long what is pending lasts, in ticks.
func (s *sound) waiting() int64 {
	if len(s.pending) == 0 {
		return 0
	}
	return s.end - s.base
}
