package relay

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
)

// figures puts the node's figures into the words of its page.
type figures struct {
	meters
	sizes map[string]size // of pictures, by parameter set
}

// size is that of a picture in pixels; zero: it could not be read.
type size struct{ width, height int }

// sizesMost bounds the sizes that are remembered; beyond it they are read anew.
const sizesMost = 4096

// feed puts a feed into words. age is how old its frames are when they are here.
func (g *figures) feed(now time.Time, f *FeedStatus, age *quantile.Summary) console.Feed {
	out := console.Feed{
		ID: string(f.ID), Source: f.Source, Path: append([]string{}, f.Path...), Online: f.Online,
		Layers: []console.Layer{},
	}
	if age != nil {
		out.LatencyMS, out.LatencyErrorMS = console.MS(age.P50), console.MS(f.ClockError)
	}
	for l := range f.Layers {
		if ly := &f.Layers[l]; ly.Track != nil || ly.Stats.Packets > 0 {
			out.Layers = append(out.Layers, g.layer(now, string(f.ID), media.Layer(l), ly))
		}
	}
	if !f.Online {
		out.Cause, out.Reason = causeOf(f)
	}
	return out
}

func (g *figures) layer(now time.Time, feed string, l media.Layer, ly *LayerStatus) console.Layer {
	out := console.Layer{
		Name: l.String(), Interest: ly.Interest, Packets: ly.Stats.Packets,
		Rate: g.rate(now, "feed "+feed+" "+l.String(), ly.Stats.Bytes),
	}
	if ly.Track != nil {
		out.Codec = string(ly.Track.Codec)
		if s := g.sizeOf(ly.Track); s.width > 0 {
			out.Width, out.Height = &s.width, &s.height
		}
	}
	if l.IsVideo() && !ly.Stats.LastKey.IsZero() {
		out.KeyFrameAgeMS = console.MS(now.Sub(ly.Stats.LastKey))
	}
	return out
}

// sizeOf reads the size of a picture from its parameter sets, once for each.
func (g *figures) sizeOf(t *media.Track) size {
	key := t.FMTP["sprop-parameter-sets"] // RFC 6184 §8.1
	if t.Codec == media.H265 {
		key = t.FMTP["sprop-sps"] // RFC 7798 §7.1
	}
	if key == "" || !t.Codec.IsVideo() {
		return size{}
	}
	if s, ok := g.sizes[key]; ok {
		return s
	}
	if g.sizes == nil || len(g.sizes) >= sizesMost {
		g.sizes = make(map[string]size)
	}
	s := readSize(t.Codec, key)
	g.sizes[key] = s
	return s
}

// readSize reads the first parameter set of a list.
func readSize(codec media.Codec, list string) size {
	first, _, _ := strings.Cut(list, ",")
	raw, err := base64.StdEncoding.DecodeString(first)
	if err != nil {
		return size{}
	}
	if codec == media.H265 {
		var sps h265.SPS
		if sps.Unmarshal(raw) != nil {
			return size{}
		}
		return size{sps.Width(), sps.Height()}
	}
	var sps h264.SPS
	if sps.Unmarshal(raw) != nil {
		return size{}
	}
	return size{sps.Width(), sps.Height()}
}

// causeOf says why a feed is offline, with the words of who knows.
func causeOf(f *FeedStatus) (c console.Cause, why string) {
	switch {
	case f.Lost:
		return console.CauseNoRoute, ""
	case f.Pushed:
		return console.CauseNoPush, ""
	}
	for i := range f.Cameras {
		said := f.Cameras[i].State.Reason
		if said == "" {
			continue
		}
		for _, k := range []struct {
			err   error
			cause console.Cause
		}{
			{ingest.ErrUnreachable, console.CauseUnreachable},
			{ingest.ErrPassword, console.CauseLogin},
			{ingest.ErrBasicOnly, console.CauseLogin},
			{ingest.ErrSilent, console.CauseSilent},
			{ingest.ErrClosed, console.CauseUnknown},
		} {
			if _, after, found := strings.Cut(said, k.err.Error()); found {
				return k.cause, strings.TrimPrefix(after, ": ")
			}
		}
		return console.CauseRefused, strings.TrimPrefix(said, "pull "+string(f.ID)+": ")
	}
	return console.CauseUnknown, ""
}

// agesOf finds how old the frames of each feed are when they are complete here: of its
// main stream, or its sub stream when that is the one that comes.
func agesOf(now time.Time, links []LinkStatus) map[media.FeedID]*quantile.Summary {
	ages := make(map[media.FeedID]*quantile.Summary)
	for i := range links {
		for k := range links[i].In {
			f := &links[i].In[k]
			if isComing(now, f) && f.Latency.N > 0 && (f.Layer == media.LayerMain || ages[f.Feed] == nil) {
				ages[f.Feed] = &f.Latency
			}
		}
	}
	return ages
}

// comingWithin is how long ago the last packet of a picture that comes may have come:
// the figures of a link are a second old themselves.
const comingWithin = 3 * time.Second

// isComing tells whether a picture comes on a flow now.
func isComing(now time.Time, f *fanout.UplinkFlow) bool {
	return f.Layer.IsVideo() && now.Sub(f.Last) < comingWithin
}
