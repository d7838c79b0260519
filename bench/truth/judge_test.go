package truth

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/media"
)

// listOf is the list of a spool as bytes.
func listOf(units []unit) *bytes.Buffer {
	b := new(bytes.Buffer)
	for _, u := range units {
		line := binary.LittleEndian.AppendUint64(nil, u.number)
		b.Write(append(line, byte(u.layer), byte(u.state)))
	}
	return b
}

// film4 is a film of four pictures a layer, whose hashes are m0 to m3 and s0 to s3.
func film4() *Film {
	f := new(Film)
	for i := range 4 {
		f.hashes[media.LayerMain] = append(f.hashes[media.LayerMain], fmt.Sprint("m", i))
		f.hashes[media.LayerSub] = append(f.hashes[media.LayerSub], fmt.Sprint("s", i))
	}
	return f
}

func TestJudgeFindsEveryWrongPicture(t *testing.T) {
	seven := []unit{ // numbers 8, 9, 10 show pictures 0, 1, 2
		{8, media.LayerMain, whole},
		{9, media.LayerMain, whole},
		{10, media.LayerMain, whole},
		{8, media.LayerSub, whole},
		{9, media.LayerSub, whole},
		{10, media.LayerSub, whole},
		{12, media.LayerMain, whole},
	}
	right := []picture{{0, "m0"}, {1, "m1"}, {2, "m2"}, {3, "s0"}, {4, "s1"}, {5, "s2"}, {6, "m0"}}
	with := func(i int, u unit) []unit {
		changed := slices.Clone(seven)
		changed[i] = u
		return changed
	}
	cases := map[string]struct {
		units           []unit
		pictures        []picture
		compared, wrong int
		finding         string
	}{
		"all is right, through two changes of layer and a loop": {seven, right, 7, 0, ""},
		"a picture of the other layer":                          {with(4, unit{9, media.LayerMain, whole}), right, 7, 1, "frame 9 of main is not the picture"},
		"a picture did not come":                                {seven, slices.Delete(slices.Clone(right), 2, 3), 6, 1, "frame 10 of main gave no picture"},
		"the first pictures did not come":                       {seven, right[2:], 5, 2, "frame 8 of main gave no picture"},
		"the last picture did not come":                         {seven, right[:6], 6, 1, "frame 12 of main gave no picture"},
		"nothing came":                                          {seven, nil, 0, 7, "gave no picture"},
		"a picture came twice":                                  {seven, slices.Insert(slices.Clone(right), 3, right[2]), 7, 1, "unit 2 gave a picture twice"},
		"a frame was handed over in part":                       {with(6, unit{0, 0, partly}), right[:6], 6, 1, "handed over in part"},
		"a frame is right but its stamp is not":                 {with(6, unit{12, 0, damaged}), right, 7, 1, "frame 12 of main is not what was stamped"},
		"a number nobody used":                                  {with(6, unit{999, 0, whole}), right, 6, 1, "frame 999 of main was never shown"},
		"a layer that is no picture":                            {with(6, unit{12, media.LayerAudio, whole}), right, 6, 1, "came as a picture"},
	}
	for name, c := range cases {
		v := new(Verdict)
		shown := func(_ media.Layer, number uint64) (uint64, bool) { return number - 8, number < 100 }
		j := &judge{list: listOf(c.units), film: film4(), shown: shown, verdict: v}
		for _, p := range c.pictures {
			j.picture(p)
		}
		if err := j.end(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		said := strings.Join(v.Findings, "\n")
		if v.Compared != c.compared || v.Wrong != c.wrong || !strings.Contains(said, c.finding) {
			t.Errorf("%s: %d compared, %d wrong; want %d, %d and %q; it says\n%s",
				name, v.Compared, v.Wrong, c.compared, c.wrong, c.finding, said)
		}
	}
}

func TestJudgeSaysWhenTheListIsCutOff(t *testing.T) {
	list := listOf([]unit{{8, media.LayerMain, whole}, {9, media.LayerMain, whole}})
	list.Truncate(unitSize + 3)
	j := &judge{list: list, film: film4(), verdict: new(Verdict), shown: func(media.Layer, uint64) (uint64, bool) { return 0, true }}
	j.picture(picture{0, "m0"})
	if err := j.end(); err == nil {
		t.Error("no error")
	}
}

func TestHashesOfFFmpegAreReadInItsOwnTime(t *testing.T) {
	const head = "#format: frame checksums\n#version: 2\n#hash: murmur3\n"
	const one = "0,          3,          3,        1,  3110400, 4862b10a\n"
	cases := map[string]struct {
		text string
		unit uint64
		ok   bool
	}{
		"in our time base":          {head + "#tb 0: 1/25\n" + one, 3, true},
		"in half frames":            {head + "#tb 0: 1/50\n" + strings.ReplaceAll(one, "3,", "6,"), 3, true},
		"a time base of nothing":    {head + "#tb 0: 1/0\n" + one, 0, false},
		"a field is missing":        {head + strings.Replace(one, "1,", "", 1), 0, false},
		"a time before the first":   {head + strings.ReplaceAll(one, "3,", "-3,"), 0, false},
		"a time beyond all lessons": {head + strings.ReplaceAll(one, "3,", "99999999999999,"), 0, false},
	}
	for name, c := range cases {
		var got []picture
		err := readHashes(strings.NewReader(c.text), func(p picture) { got = append(got, p) })
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if c.ok && (len(got) != 1 || got[0] != picture{c.unit, "4862b10a"}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzReadHashes(f *testing.F) {
	f.Add("#tb 0: 1/25\n0, 1, 1, 1, 3110400, abc\n")
	f.Add("#tb 0: 0/0\n0,,,,,\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_ = readHashes(strings.NewReader(text), func(picture) {}) // must not panic
	})
}
