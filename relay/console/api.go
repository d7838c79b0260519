package console

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

// description is the interface in OpenAPI 3.1.
//
//go:embed openapi.yaml
var description []byte

// watching lets those in who may watch.
func (s *Server) watching(serve func(w http.ResponseWriter, r *http.Request, v visitor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var feed media.FeedID
		if name := r.PathValue("feed"); name != "" {
			var err error
			if feed, err = media.ParseFeedID(name); err != nil {
				refuse(w, http.StatusNotFound, codeUnknownFeed, err.Error())
				return
			}
		}
		if v, ok := s.admit(w, r, feed, access.Watch); ok {
			serve(w, r, v)
		}
	}
}

// statusFor is the state as a visitor may see it.
func (n *shown) statusFor(v visitor, r *http.Request) []byte {
	if v.sees(r) {
		return n.all()
	}
	return n.guests()
}

func (s *Server) status(w http.ResponseWriter, r *http.Request, v visitor) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.now.Load().statusFor(v, r)) // a client that went away needs no answer
}

// FeedList answers /api/v1/feeds.
type FeedList struct {
	Version int    `json:"version"`
	Feeds   []Feed `json:"feeds"`
}

func (s *Server) feeds(w http.ResponseWriter, _ *http.Request, _ visitor) {
	answer(w, FeedList{Version: 1, Feeds: s.now.Load().status.Feeds})
}

func (s *Server) feed(w http.ResponseWriter, r *http.Request, _ visitor) {
	feeds := s.now.Load().status.Feeds
	i := slices.IndexFunc(feeds, func(f Feed) bool { return f.ID == r.PathValue("feed") })
	if i < 0 {
		refuse(w, http.StatusNotFound, codeUnknownFeed, "this node knows no feed of that name")
		return
	}
	answer(w, &feeds[i])
}

// LinkList answers /api/v1/links.
type LinkList struct {
	Version int    `json:"version"`
	Links   []Link `json:"links"`
}

func (s *Server) links(w http.ResponseWriter, _ *http.Request, _ visitor) {
	answer(w, LinkList{Version: 1, Links: s.now.Load().status.Links})
}

func (s *Server) tenMinutes(w http.ResponseWriter, _ *http.Request, _ visitor) {
	s.mu.Lock()
	h := s.history.read(time.Now())
	s.mu.Unlock()
	answer(w, h)
}

// Log answers /api/v1/log, oldest line first.
type Log struct {
	Version int    `json:"version"`
	Lines   []Line `json:"lines"`
}

func (s *Server) lines(w http.ResponseWriter, _ *http.Request, _ visitor) {
	lines, _, _ := s.journal.Since(0)
	if lines == nil {
		lines = []Line{}
	}
	answer(w, Log{Version: 1, Lines: lines})
}

// keyFrame is for the picture of a feed whose camera gives none by itself.
func (s *Server) keyFrame(w http.ResponseWriter, r *http.Request, _ visitor) {
	if s.cfg.KeyFrame == nil {
		refuse(w, http.StatusNotFound, codeNoKeyFrame, "this node keeps no key frame for pages")
		return
	}
	mime, fragment, err := s.cfg.KeyFrame(media.FeedID(r.PathValue("feed")))
	if err != nil {
		refuse(w, http.StatusNotFound, codeNoKeyFrame, err.Error())
		return
	}
	w.Header().Set("Content-Type", mime)
	_, _ = w.Write(fragment) // a client that went away needs no answer
}

func (s *Server) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(description) // a client that went away needs no answer
}

// marshal writes a state, which always can be.
func marshal(st *Status) []byte {
	b, err := json.Marshal(st)
	if err != nil { // a number that is none: better no state than a wrong one
		return []byte(`{"version":1}`)
	}
	return b
}
