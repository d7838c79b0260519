package playout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// twoLayers is a room whose camera sends both layers at once: frames of main have four
// packets, those of sub two. Each has a key frame every second, sub half a second later.
type twoLayers struct {
	*room
	main, sub *clip
	// alone tells of each subscription to sub whether main was not read meanwhile.
	alone []bool
}

func newTwoLayers(t *testing.T) *twoLayers {
	t.Helper()
	return &twoLayers{
		room: newRoom(t, media.LayerMain, media.LayerSub),
		main: &clip{t: t, ssrc: 1}, sub: &clip{t: t, ssrc: 2, layer: media.LayerSub, offset: 1e8},
	}
}

func (r *twoLayers) Subscribe(l media.Layer, wake chan<- struct{}) Subscription {
	if l == media.LayerSub {
		r.alone = append(r.alone, r.open(media.LayerMain) == 0)
	}
	return r.room.Subscribe(l, wake)
}

func (r *twoLayers) film(n int) {
	for range n {
		now := time.Now()
		at := float64(now.Sub(epoch))/1e6 - 5
		shots := [...]shot{
			r.main.frame(at, 4, r.main.made%25 == 0, false), r.sub.frame(at, 2, r.main.made%25 == 12, false),
		}
		r.main.made++
		for _, s := range shots {
			for _, p := range s.packets {
				p.Arrival = now
				r.WritePacket(p)
			}
		}
		time.Sleep(40 * time.Millisecond)
	}
}

// layersOf tells for each frame which layer it is of.
func layersOf(frames [][]got) (layers []media.Layer) {
	for _, f := range frames {
		l := media.LayerMain
		if len(f) == 2 {
			l = media.LayerSub
		}
		layers = append(layers, l)
	}
	return layers
}

func TestAPreferredLayerBeginsAtOnceWhenItIsPoorerAndAtItsNextKeyFrameWhenItIsBetter(t *testing.T) {
	for _, choice := range []Choice{ChooseNewest, ChooseAuto} {
		bubble(t, func(t *testing.T) {
			t.Helper()
			r := newTwoLayers(t)
			p := &player{}
			v, stop := watch(t, Config{}, r, choice, p, false)
			r.film(30)
			v.Prefer(media.LayerSub)
			r.film(31) // up to a second behind main's third key frame
			if r.open(media.LayerMain) != 0 {
				t.Error("main is still read")
			}
			before := p.frames()
			shown := layersOf(before)
			const group = 18 // of sub, from its key frame at 12 to 30
			if len(before) != 30+group+31 || shown[29] != media.LayerMain || shown[30] != media.LayerSub ||
				shown[len(shown)-1] != media.LayerSub {
				t.Fatalf("%d frames came: %v", len(before), shown)
			}
			if late := before[30][0].at.Sub(before[29][0].at); late > 41*time.Millisecond {
				t.Errorf("sub begins %v behind main's last frame", late)
			}

			v.Prefer(media.LayerMain)
			r.film(40) // main's next key frame is the 14th of them
			after := p.frames()[len(before):]
			shown = layersOf(after)
			if len(after) < 40 || len(after) > 41 || shown[12] != media.LayerSub || shown[15] != media.LayerMain {
				t.Fatalf("%d frames came: %v", len(after), shown)
			}
			if len(r.asked) == 0 || r.asked[len(r.asked)-1] != media.LayerMain {
				t.Errorf("key frames were asked for: %v, want one of main", r.asked)
			}
			want := 0
			if choice == ChooseNewest {
				want = 1
			}
			if n := r.open(media.LayerSub); n != want {
				t.Errorf("%d subscriptions of sub at the end, want %d", n, want)
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if st := v.Stats().Video; st.Switches != 2 || st.Broken != 0 || st.Incomplete != 0 {
				t.Errorf("counted %+v", st)
			}
			// While it was the preferred one, sub was read for its own sake, and only then.
			wantAlone := map[Choice]int{ChooseNewest: 3, ChooseAuto: 1}[choice]
			alone := 0
			for _, a := range r.alone {
				if a {
					alone++
				}
			}
			if len(r.alone) != wantAlone || alone != 1 {
				t.Errorf("sub was subscribed to with main not read: %v", r.alone)
			}
		})
	}
}

func TestAPreferredLayerThatIsSilentIsReplaced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain, media.LayerSub)
		p := &player{}
		v, stop := watch(t, Config{}, r, ChooseNewest, p, false)
		c := &clip{t: t}
		r.film(c, 30)
		v.Prefer(media.LayerSub) // of a camera that has none
		r.film(c, 75)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		frames := p.frames()
		if n := len(frames); n < 55 { // a second until it is noticed, another to the next key frame
			t.Errorf("%d frames came of 105", n)
		}
		if last := frames[len(frames)-1][0].at; time.Since(last) > 100*time.Millisecond {
			t.Errorf("the last frame came %v ago", time.Since(last))
		}
	})
}

func TestALayerThatIsBehindDoesNotKeepTheSplicerAwake(t *testing.T) {
	r := newRig(t, Config{Delay: 50 * time.Millisecond})
	main := &clip{t: t, ssrc: 1}
	sub := &clip{t: t, ssrc: 2, layer: media.LayerSub}
	m, s := main.gop(0, 10), sub.gop(0, 50)
	for i, one := range s { // main comes a second late, all of it older than what is shown
		at := 40*float64(i) + 5
		r.push(at, one.packets...)
		if i >= 25 && i < 35 {
			r.push(at+2, m[i-25].packets...)
		}
		if next := r.s.Next(); i >= 20 && !next.After(ms(at+2)) {
			t.Fatalf("at %v it is to be woken %v before", at, ms(at+2).Sub(next))
		}
	}
}

func TestAPaceBoundsWhatAPacedSessionGets(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r := newRoom(t, media.LayerMain)
		c := &clip{t: t}
		p := &player{}
		v, stop := watch(t, Config{MaxHold: time.Minute}, r, ChooseAuto, p, true)
		v.SetPace(100 * pacePacket) // packets a second
		r.film(c, 1)
		begun := time.Now()
		for _, p := range c.frame(45, 200, false, false).packets {
			p.Arrival = time.Now()
			r.WritePacket(p)
		}
		time.Sleep(1500 * time.Millisecond)
		v.SetPace(0)
		r.film(c, 1)
		time.Sleep(time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		slow := 0
		for i, g := range p.got[4:] {
			after := g.at.Sub(begun)
			if after >= 1500*time.Millisecond {
				break
			}
			slow++
			if most := paceLeast + 1 + int(100*after.Seconds()); i >= most {
				t.Fatalf("packet %d came after %v", i, after)
			}
		}
		if slow < 140 {
			t.Errorf("%d packets came in 1.5 s at 100 a second", slow)
		}
		if n := len(p.got); n != 208 {
			t.Errorf("%d packets came", n)
		}
	})
}
