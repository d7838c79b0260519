package camera

import (
	"math"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"github.com/classrelay/classrelay/bench/stamp"
)

const (
	// soundInterval is the time one audio packet lasts (RFC 3551 §4.5.14: 20 ms).
	soundInterval = 20 * time.Millisecond
	soundRate     = 8000 // samples per second, G.711
	soundFrame    = soundRate / int(time.Second/soundInterval)
	toneFrames    = int(time.Second / soundInterval) // the tone repeats every second
	// opusFrame is soundInterval on the RTP clock of Opus (RFC 7587 §4.1).
	opusFrame = 48_000 * int(soundInterval) / int(time.Second)
)

// opusSilence is 20 ms of silence: a full band, mono, one frame packet (RFC 6716 §3.1)
// whose frame begins with the flag for silence.
func opusSilence() []byte { return []byte{0xf8, 0xff, 0xfe} }

// tone is one second of sound in frames of G.711 A-law: a beep of 200 ms at
// 440 Hz, then silence, so that picture and sound can be held against each other.
func tone() [][]byte {
	frames := make([][]byte, toneFrames)
	for i := range frames {
		pcm := make([]byte, 0, 2*soundFrame)
		for j := range soundFrame {
			t := float64(i*soundFrame+j) / soundRate
			v := 0.0
			if t < 0.2 {
				v = 6000 * math.Sin(2*math.Pi*440*t)
			}
			pcm = append(pcm, byte(int16(v)>>8), byte(int16(v)))
		}
		frames[i], _ = g711.Alaw(pcm).Marshal() // fails on an odd number of bytes only
	}
	return frames
}

// soundPayload is the payload of the number-th sound packet.
func soundPayload(frames [][]byte, number uint64, stamped bool, now time.Time) []byte {
	frame := frames[number%uint64(len(frames))]
	if !stamped {
		return frame
	}
	return stamp.AppendAudio(nil, frame, stamp.Stamp{Sent: now, Number: number})
}
