package fmp4

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

func TestPicturesGoOutAtOnceOneInEachFragment(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.picture(0)
	if len(r.parts) != 0 {
		t.Fatal("a picture went out before it was known when it was taken")
	}
	r.reports(0, 0)
	for i := 1; i < 4; i++ {
		r.picture(40 * float64(i))
		if len(r.parts) != i+1 {
			t.Fatalf("%d fragments after %d pictures", len(r.parts), i+1)
		}
	}
	r.picture(220) // 100 ms later
	v := r.track(pictureID)
	equal(t, "decoding times", v.dts, 0, 3600, 7200, 10800, 16200)
	equal(t, "presentation times", v.pts, 0, 3600, 7200, 10800, 19800)
	equal(t, "durations", v.durations, 3600, 3600, 3600, 3600, 3600)
	equal(t, "entry points", v.sync, true, false, false, false, false)
	equal(t, "keys", r.keys, true, false, false, false, false)
	if len(r.starts) != 1 {
		t.Fatalf("%d init segments", len(r.starts))
	}
	if s := *r.starts[0]; s != (Start{`video/mp4; codecs="avc1.640028"`, 1920, 1080}) {
		t.Errorf("start %+v", s)
	}
	if st := r.m.Stats(); st.Pictures != 5 || st.Starts != 1 || st.Broken+st.Dropped+st.Sounds != 0 {
		t.Errorf("counted %+v", st)
	}
	if at, taken, ok := r.m.Position(); !ok || at != 220*time.Millisecond || !taken.Equal(ms(220)) {
		t.Errorf("the newest picture is at %v, taken at %v", at, taken)
	}
}

func TestSamplesHaveNoSetsButThoseThatTheInitSegmentLacks(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	nals := r.clip.Picture(media.LayerMain, 0).NALs
	sets := r.clip.ParameterSets(media.LayerMain)
	other := append([]byte(nil), sets[1]...)
	other = append(other, 0x80)
	idr := nals[len(nals)-1]
	r.access(0, [][]byte{{9, 0xf0}, sets[0], sets[1], other, idr})
	var au h264.AVCC
	if err := au.Unmarshal(r.track(pictureID).payloads[0]); err != nil {
		t.Fatal(err)
	}
	if len(au) != 2 || string(au[0]) != string(other) || string(au[1]) != string(idr) {
		t.Errorf("%d units in the sample", len(au))
	}
}

func TestAnotherLayerIsPrecededByItsInitSegment(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	r.picture(0)
	r.picture(40)
	r.layer, r.shown = media.LayerSub, 0
	r.picture(80)
	r.picture(120)
	r.layer, r.shown = media.LayerMain, 0
	r.picture(160)
	if len(r.starts) != 3 || r.starts[1].Width >= r.starts[0].Width || *r.starts[2] != *r.starts[0] {
		t.Fatalf("%d init segments", len(r.starts))
	}
	equal(t, "times", r.track(pictureID).pts, 0, 3600, 7200, 10800, 14400)
	equal(t, "keys", r.keys, true, false, true, false, true)
}

func TestTheCameraWasAway(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	r.picture(0)
	r.picture(40)
	r.shown = 0
	r.picture(60_040)
	r.picture(60_080)
	equal(t, "times", r.track(pictureID).pts, 0, 3600, 60_040*90, 60_080*90)
	equal(t, "durations", r.track(pictureID).durations, 3600, 3600, 3600, 3600)
}

func TestAnotherCodecGoesOnOnTheSameTimeLine(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	r.picture(0)
	r.picture(40)
	if err := r.m.Attach(h265Track, opusTrack); err != nil {
		t.Fatal(err)
	}
	r.accessH265(1080, h265Key())
	if len(r.starts) != 1 {
		t.Fatal("something went out before it was known when it was taken")
	}
	r.reports(1080, 0)
	equal(t, "times", r.track(pictureID).pts, 0, 3600, 1080*90)
	if len(r.starts) != 2 || r.starts[1].MIME != `video/mp4; codecs="hvc1.1.6.L93.90,opus"` {
		t.Fatalf("starts: %+v", r.starts[len(r.starts)-1])
	}
	// A player begins with a group from before.
	if err := r.m.Attach(h264Track, nil); err != nil {
		t.Fatal(err)
	}
	r.shown = 0
	r.picture(1000)
	r.picture(1040)
	r.picture(1120)
	r.reports(1120, 0)
	equal(t, "times", r.track(pictureID).pts[3:], 1082*90, 1084*90, 1120*90)
	if s := r.starts[1]; s.Width != 320 || s.Height != 180 {
		t.Errorf("the picture has %d×%d", s.Width, s.Height)
	}
}

func TestTheFragmentsFollowTheLineWhenItMovesByMoreThanHalfAPicture(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	r.picture(0)
	r.reports(0, 20)
	r.picture(40)
	r.reports(40, -20)
	r.picture(80)
	r.reports(80, 25)
	r.picture(120)
	r.reports(120, -30)
	r.picture(160) // taken at 130: 15 ms before the one before
	r.picture(200)
	equal(t, "times", r.track(pictureID).pts, 0, 3600, 7200, 145*90, 130*90, 170*90)
	equal(t, "decoding times", r.track(pictureID).dts, 0, 3600, 7200, 12600, 12601, 170*90)
}

func TestANodesClockThatIsSetBackDoesNotTurnTimeBack(t *testing.T) {
	r := newRig(t, h264Track, aacTrack)
	r.reports(0, 0)
	r.picture(0)
	const hour = 3_600_000
	r.reports(40, -hour)
	r.picture(40)
	equal(t, "times", r.track(pictureID).pts, 0, 3600)
	if at, taken, _ := r.m.Position(); at != 40*time.Millisecond || !taken.Equal(ms(40-hour)) {
		t.Errorf("the picture at %v was taken at %v", at, taken)
	}
}

func TestWhatCannotBeUnderstoodCostsEverythingUpToTheNextKeyFrame(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	r.picture(0)
	r.m.Picture(&rtp.Packet{Header: rtp.Header{Marker: true}, Payload: []byte{25, 0, 0}}) // STAP-B
	r.picture(40)
	r.picture(80)
	r.shown = 0
	r.picture(120)
	equal(t, "times", r.track(pictureID).pts, 0, 120*90)
	if st := r.m.Stats(); st.Broken != 1 || st.Dropped != 2 {
		t.Errorf("counted %+v", st)
	}
}

func TestASetThatCannotBeReadShowsNothing(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	r.access(0, [][]byte{{0x67, 1, 2}, {0x68, 1, 2}, {0x65, 1, 2}})
	r.access(40, [][]byte{{0x41, 1, 2}})
	if len(r.starts)+len(r.parts) != 0 {
		t.Errorf("%d init segments, %d fragments", len(r.starts), len(r.parts))
	}
	r.picture(80)
	if len(r.parts) != 1 {
		t.Error("a good key frame behind it does not go out")
	}
}

// The order I P B B: the P is shown last.
func TestPicturesOutOfOrderKeepTheirPlaces(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	shown := []float64{0, 120, 40, 80, 240, 160, 200}
	for i, nals := range bFrames(t) {
		if i == len(shown) {
			break
		}
		r.access(shown[i], nals)
	}
	v := r.track(pictureID)
	want := make([]int64, 0, len(shown))
	for _, at := range shown {
		want = append(want, int64(at*90))
	}
	equal(t, "presentation times", v.pts, want...)
	for i := 1; i < len(v.dts); i++ {
		if v.dts[i] <= v.dts[i-1] || i > 2 && v.dts[i] > v.pts[i] {
			t.Fatalf("decoding times %v for %v", v.dts, v.pts)
		}
	}
}

// Media Source Extensions, coded frame processing, step 6.
func TestNoHoleMakesABrowserThrowPicturesAway(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	rng := rand.New(rand.NewPCG(1, 1))
	at := 0.
	want := make([]int64, 0, r.clip.Len())
	for i := range r.clip.Len() {
		r.picture(at)
		want = append(want, int64(at*90))
		at += float64(1 + rng.IntN(60))
		if i%20 == 7 {
			at += 1500
		}
	}
	v := r.track(pictureID)
	equal(t, "presentation times", v.pts, want...)
	for i := 1; i < len(v.dts); i++ {
		if step := v.dts[i] - v.dts[i-1]; step <= 0 || !v.sync[i] && step > 2*v.durations[i-1] || v.dts[i] > v.pts[i] {
			t.Fatalf("picture %d is decoded %d behind one of %d, and shown %d later", i, step, v.durations[i-1], v.pts[i]-v.dts[i])
		}
	}
}

func TestASlowCamerasPicturesLastLong(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	for i := range 12 {
		r.picture(500 * float64(i))
	}
	v := r.track(pictureID)
	if v.durations[2] != 45000 || v.dts[11] != v.pts[11] {
		t.Errorf("durations %v, decoded at %v", v.durations, v.dts)
	}
}
