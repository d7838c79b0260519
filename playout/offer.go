package playout

import (
	"errors"
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"github.com/classrelay/classrelay/media"
)

// ErrNoTracks is wrapped by the errors of NewOffer.
var ErrNoTracks = errors.New("nothing to watch now")

// Choice says which layer of the picture a viewer gets.
type Choice uint8

// The choices.
const (
	// ChooseAuto is main, and sub while main does not arrive.
	ChooseAuto Choice = iota
	// ChooseMain is main only.
	ChooseMain
	// ChooseSub is sub only.
	ChooseSub
	// ChooseNewest subscribes to both layers from the start and shows main when
	// it arrives: for a node whose uplink decides which layer it can carry.
	ChooseNewest
)

// layers are the picture's layers in order of preference.
func (c Choice) layers() []media.Layer {
	switch c {
	case ChooseMain:
		return []media.Layer{media.LayerMain}
	case ChooseSub:
		return []media.Layer{media.LayerSub}
	case ChooseAuto, ChooseNewest:
	}
	return []media.Layer{media.LayerMain, media.LayerSub}
}

// Offer is what a player is told it will get (RFC 8866): made when it asks, and
// the same until it leaves. An Offer is immutable.
type Offer struct {
	// Source is the feed.
	Source Source
	// Desc is the offer in SDP's words: the picture first, then the sound.
	Desc *description.Session

	video, audio *description.Media
	choice       Choice
	layers       []media.Layer // of the picture, the preferred one first
	track        *media.Track  // of the picture: codec, clock and payload type that go out
	sound        *media.Track
}

// NewOffer describes what src has now. The picture is described by the layer the
// viewer will get first. Another layer is taken in, now or when it comes to be
// there, only when it has the same codec and clock: a player cannot change those
// in mid-stream.
func NewOffer(src Source, choice Choice) (*Offer, error) {
	tracks := src.Tracks()
	o := &Offer{Source: src, Desc: &description.Session{Title: string(src.ID())}, choice: choice}
	for _, l := range choice.layers() {
		if t := tracks[l]; t != nil && o.track == nil {
			o.track = t
		}
	}
	for _, l := range choice.layers() {
		if t := tracks[l]; o.track != nil && (t == nil || o.serves(o.track, t)) {
			o.layers = append(o.layers, l)
		}
	}
	o.sound = tracks[media.LayerAudio]
	if o.track == nil && o.sound == nil {
		return nil, fmt.Errorf("feed %s: %w", src.ID(), ErrNoTracks)
	}
	o.video = o.add(description.MediaTypeVideo, o.track)
	o.audio = o.add(description.MediaTypeAudio, o.sound)
	return o, nil
}

// serves reports whether a player that was told of one track can play another.
func (o *Offer) serves(told, t *media.Track) bool {
	return told.Codec == t.Codec && told.ClockRate == t.ClockRate
}

// add appends one m= section. The parameters of the track go out as they came
// in: players get every fmtp value the camera gave.
func (o *Offer) add(typ description.MediaType, t *media.Track) *description.Media {
	if t == nil {
		return nil
	}
	m := &description.Media{
		Type: typ,
		// trackID=N is how gortsplib's server finds the medium again in SETUP.
		Control: fmt.Sprintf("trackID=%d", len(o.Desc.Medias)),
		Formats: []format.Format{&format.Generic{
			PayloadTyp: t.PayloadType,
			RTPMa:      t.RTPMap,
			FMT:        t.FMTP,
			ClockRat:   t.ClockRate,
		}},
	}
	o.Desc.Medias = append(o.Desc.Medias, m)
	return m
}
