package webrtc

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/problem"
)

// picked is what a page will get of a feed: what there is and what it can decode.
type picked struct {
	*playout.Offer
	video, audio      *codec // nil: without
	picture, sound    *description.Media
	warnings          []string
	unplayed, unheard string // the codec of what was left out
}

// subWait is how long a sub stream may take to show that it is there, for a page that
// cannot decode the main one: a camera that is pulled on demand takes one or two.
const subWait = 2 * time.Second

// pick finds what a page can play of a feed. Where it cannot decode the main stream
// it gets the sub stream, if that is one it can: cameras that send H.265 have H.264
// there more often than not.
func pick(ctx context.Context, src playout.Source, choice playout.Choice, o *offer) (*picked, error) {
	p, err := try(src, choice, o)
	if err != nil {
		return nil, err
	}
	if p.unplayed != "" && (choice == playout.ChooseAuto || choice == playout.ChooseNewest) {
		if sub := p.instead(ctx, src, o); sub != nil {
			return sub, nil
		}
	}
	if p.unplayed != "" {
		return nil, undecodable(src.ID(), p.unplayed)
	}
	if p.video == nil && p.audio == nil {
		return nil, undecodable(src.ID(), p.unheard)
	}
	return p, nil
}

// try matches what a choice gives with what a page can.
func try(src playout.Source, choice playout.Choice, o *offer) (*picked, error) {
	po, err := playout.NewOffer(src, choice)
	if err != nil {
		return nil, err
	}
	p := &picked{Offer: po}
	if m, e, ok := encodingOf(po.Desc, description.MediaTypeVideo); ok && len(o.video) > 0 {
		if c, can := match(e, o.video); can {
			p.picture, p.video = m, &c
		} else {
			p.unplayed = e.name
		}
	}
	if m, e, ok := encodingOf(po.Desc, description.MediaTypeAudio); ok && len(o.audio) > 0 {
		if c, can := match(e, o.audio); can {
			p.sound, p.audio = m, &c
		} else {
			p.unheard = e.name
			p.warnings = append(p.warnings, fmt.Sprintf("no-sound; %s; the sound is left out, browsers do not play "+
				"%s here: set the camera's sound to G.711 (PCMA or PCMU) or Opus", e.name, e.name))
		}
	}
	return p, nil
}

// instead waits for the sub stream and returns what the page can play of it, if it can.
func (p *picked) instead(ctx context.Context, src playout.Source, o *offer) *picked {
	if !appears(ctx, src, media.LayerSub) {
		return nil
	}
	sub, err := try(src, playout.ChooseSub, o)
	if err != nil || sub.video == nil {
		return nil
	}
	sub.warnings = append(sub.warnings, fmt.Sprintf("sub-stream; %s; the page cannot decode the main stream, "+
		"which is %s, and gets the sub stream", p.unplayed, p.unplayed))
	return sub
}

// appears waits until a layer is there. To want it is what makes a camera's stream
// come; a track is known before its first packet, which wakes us.
func appears(ctx context.Context, src playout.Source, l media.Layer) bool {
	ctx, cancel := context.WithTimeout(ctx, subWait)
	defer cancel()
	wake := make(chan struct{}, 1)
	sub := src.Subscribe(l, wake)
	defer sub.Close()
	for src.Tracks()[l] == nil {
		select {
		case <-wake:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// undecodable says which camera setting to change.
func undecodable(feed media.FeedID, name string) *problem.Problem {
	detail := fmt.Sprintf("feed %s is encoded in %s, which this browser does not play here", feed, name)
	switch name {
	case "H265":
		detail += ": set the camera's video encoding to H.264 (also called AVC), or give the feed a sub stream in H.264"
	case "H264":
		detail += ": its offer has no H.264 with packetization-mode=1"
	default:
		detail += ": set the camera's sound to G.711 (PCMA or PCMU) or Opus"
	}
	p := problem.New(http.StatusNotAcceptable, "codec", "This browser cannot decode the feed", detail)
	p.Codec = name
	return p
}
