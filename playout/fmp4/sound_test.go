package fmp4

import (
	"bytes"
	"errors"
	"testing"

	"github.com/classrelay/classrelay/media"
)

const unitMs = 1024. / 48

// tone is a unit of sound that is not silence.
func tone(n byte) []byte { return []byte{0x21, 1, 2, n} }

func TestSoundTravelsWithThePictures(t *testing.T) {
	r := newRig(t, h264Track, aacTrack)
	r.sound(0, tone(0))
	r.sound(unitMs, tone(1))
	r.reports(0, 0)
	if len(r.starts) != 0 {
		t.Fatal("sound began without the picture")
	}
	r.picture(0)
	r.sound(2*unitMs, tone(2))
	r.picture(40)
	r.sound(3*unitMs, tone(3), tone(4))
	r.picture(80)
	s := r.track(soundID)
	equal(t, "fragments with sound", s.bases, 0, 2048, 3072)
	equal(t, "times", s.pts, 0, 1024, 2048, 3072, 4096)
	equal(t, "durations", s.durations, 1024, 1024, 1024, 1024, 1024)
	for i, p := range s.payloads {
		if !bytes.Equal(p, tone(byte(i))) {
			t.Errorf("unit %d is %x", i, p)
		}
	}
	if r.starts[0].MIME != `video/mp4; codecs="avc1.640028,mp4a.40.2"` || len(r.inits[0].Tracks) != 2 {
		t.Errorf("start %+v", r.starts[0])
	}
	// Five pictures' worth of fragments, and two units that waited for no picture.
	if len(r.parts) != 5 {
		t.Errorf("%d fragments", len(r.parts))
	}
}

func TestSoundAloneGoesOutByForties(t *testing.T) {
	r := newRig(t, nil, aacTrack)
	r.reports(0, 0)
	for i := range 6 {
		r.sound(unitMs*float64(i), tone(byte(i)))
	}
	equal(t, "fragments", r.track(soundID).bases, 0, 2048, 4096)
	if r.starts[0].MIME != `audio/mp4; codecs="mp4a.40.2"` {
		t.Errorf("start %+v", r.starts[0])
	}
}

func TestAHoleInTheSoundIsFilledWithSilence(t *testing.T) {
	r := newRig(t, nil, aacTrack)
	r.reports(0, 0)
	r.sound(0, tone(0))
	r.sound(3*unitMs+5, tone(1)) // two units and 5 ms are missing
	r.sound(4*unitMs+5, tone(2))
	r.sound(5*unitMs-2, tone(3)) // 7 ms early: the camera counts so
	r.sound(6*unitMs+5, tone(4)) // and now it is right again
	r.sound(1*unitMs, tone(5))   // far too late
	r.sound(7*unitMs+5, tone(6))
	s := r.track(soundID)
	equal(t, "times", s.pts, 0, 1024, 2048, 3072, 4336, 5360, 6048)
	equal(t, "durations", s.durations, 1024, 1024, 1024, 1264, 1024, 688, 1360)
	for i, silent := range []bool{false, true, true, false, false, false, false} {
		if bytes.Equal(s.payloads[i], silentAAC(2)) != silent {
			t.Errorf("unit %d is %x", i, s.payloads[i])
		}
	}
	if st := r.m.Stats(); st.Silence != 2 || st.Dropped != 1 || st.Sounds != 8 {
		t.Errorf("counted %+v", st)
	}
}

func TestSoundThatNeverComesDoesNotHoldThePictureUp(t *testing.T) {
	r := newRig(t, h264Track, opusTrack)
	r.m.PictureReport(ms(0), videoStamp(0))
	for i := range 26 {
		r.picture(40 * float64(i))
	}
	s := r.track(soundID)
	if n := len(s.pts); n != 47 { // patienceLeast behind the picture
		t.Fatalf("%d units of silence", n)
	}
	for i, at := range s.pts {
		if at != int64(960*i) || !bytes.Equal(s.payloads[i], silentOpus()) {
			t.Fatalf("unit %d at %d: %x", i, at, s.payloads[i])
		}
	}
	// Now it comes: what is missing in between is silence.
	r.m.SoundReport(ms(1000), soundStamp(1000))
	r.soundPacket(1000, []byte{0xfc, 1, 2, 3})
	r.picture(1040)
	s = r.track(soundID)
	last := len(s.pts) - 1
	if s.pts[last] != 48000 || s.payloads[last][1] != 1 || s.pts[last-1] != 48000-960 {
		t.Errorf("the first sound is at %d, behind %d", s.pts[last], s.pts[last-1])
	}
}

func TestPictureAndSoundJumpTogetherWhenTheCameraWasAway(t *testing.T) {
	r := newRig(t, h264Track, aacTrack)
	r.reports(0, 0)
	r.picture(0)
	r.sound(0, tone(0))
	r.shown = 0
	r.picture(60_000)
	r.sound(60_000, tone(1))
	r.picture(60_040)
	s := r.track(soundID)
	equal(t, "first and last", []int64{s.pts[0], s.pts[len(s.pts)-1]}, 0, 60_000*48+192)
	if n := len(s.pts); n > 2+3 { // patienceLeast before the picture
		t.Errorf("%d units for two", n)
	}
	for i, at := range s.dts[1:] {
		if i > 0 && at != s.dts[i]+s.durations[i] {
			t.Errorf("a hole in front of unit %d", i+1)
		}
	}
}

func TestAUnitInSeveralPacketsIsPutTogether(t *testing.T) {
	r := newRig(t, nil, aacTrack)
	r.reports(0, 0)
	header := []byte{0, 16, 5 >> 5, 5 << 3}
	r.soundPacket(0, append(header[:4:4], 1, 2))
	r.soundPacket(0, append(header[:4:4], 3, 4))
	r.soundPacket(0, append(header[:4:4], 5))
	r.soundPacket(unitMs, append(header[:4:4], 1, 2, 3)) // its end is lost
	r.sound(2*unitMs, tone(2))
	r.sound(3*unitMs, tone(3))
	r.sound(4*unitMs, tone(4))
	s := r.track(soundID)
	if len(s.payloads) != 5 || !bytes.Equal(s.payloads[0], []byte{1, 2, 3, 4, 5}) {
		t.Errorf("units %x", s.payloads)
	}
}

func TestSoundThatNoBrowserPlaysIsLeftOut(t *testing.T) {
	r := newRig(t, h264Track, pcmaTrack)
	r.reports(0, 0)
	r.picture(0)
	r.soundPacket(0, make([]byte, 160))
	if len(r.inits[0].Tracks) != 1 || r.starts[0].MIME != `video/mp4; codecs="avc1.640028"` {
		t.Errorf("start %+v", r.starts[0])
	}
	bad := *aacTrack
	bad.FMTP = map[string]string{"config": "zz"}
	wide := *aacTrack
	wide.FMTP = map[string]string{"config": "11b0", "sizelength": "13"} // 5.1
	for _, c := range []struct {
		name  string
		audio *media.Track
		codec bool
	}{
		{"G.711 alone", pcmaTrack, true},
		{"six channels", &wide, true},
		{"AAC without a config", &bad, false},
	} {
		err := NewMuxer().Attach(nil, c.audio)
		if err == nil || errors.Is(err, ErrCodec) != c.codec {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := NewMuxer().Attach(h264Track, c.audio); err != nil {
			t.Errorf("%s beside a picture: %v", c.name, err)
		}
	}
}
