package console

import (
	"encoding/json"
	"mime"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

// Class is a class in which several schools take part.
type Class struct {
	ID    string `json:"id"`
	Feed  string `json:"feed"`  // the name under which it is watched
	Main  string `json:"main"`  // the node that all others watch
	Floor string `json:"floor"` // the node that the main school watches; empty: none
	// Meets is the hub machine that its feeds come together on; empty: none is chosen yet.
	Meets string `json:"meets,omitempty"`
	// MayHush says that somebody at this node may take the floor back.
	MayHush bool   `json:"may_hush"`
	Rooms   []Room `json:"rooms"`
}

// Room is a node's part in a class.
type Room struct {
	Node  string `json:"node"`
	Feed  string `json:"feed"`
	Shows string `json:"shows"` // the feed that is seen and heard there; empty: none
	// Online says that its picture comes, or would come if somebody watched.
	Online bool `json:"online"`
	// MayMain and MayFloor say that somebody at this node may make it the main school, or
	// give it the floor. They say nothing of who asks.
	MayMain  bool `json:"may_main"`
	MayFloor bool `json:"may_floor"`
}

// ClassList answers /api/v1/classes.
type ClassList struct {
	Version int     `json:"version"`
	Classes []Class `json:"classes"`
}

func (s *Server) classes(w http.ResponseWriter, _ *http.Request, _ visitor) {
	answer(w, ClassList{Version: 1, Classes: s.node.Classes()})
}

// turnBody bounds what a turn may hold, in bytes: two names.
const turnBody = 1 << 10

// turn is what a page or a program sends to make another school the main school.
type turn struct {
	Main  string `json:"main"`
	Floor string `json:"floor"`
}

// turnClass makes a room the main school and gives the floor. It is for those who may
// push.
func (s *Server) turnClass(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("class")
	v, ok := s.admit(w, r, media.FeedID("class/"+id), access.Push)
	if !ok {
		return
	}
	var t turn
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, codeBadRequest, "a turn is sent as application/json")
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(loginWithin)) // a test's transport has none
	if err != nil || json.NewDecoder(http.MaxBytesReader(w, r.Body, turnBody)).Decode(&t) != nil {
		refuse(w, http.StatusBadRequest, codeBadRequest, `a turn is {"main":"NODE","floor":"NODE or nothing"}`)
		return
	}
	if err := s.node.Turn(id, t.Main, t.Floor); err != nil {
		refuse(w, http.StatusConflict, codeBadClass, err.Error())
		return
	}
	s.log.Info("class turned", zap.String("class", id), zap.String("main", t.Main), zap.String("floor", t.Floor),
		zap.String("user", v.user), zap.Stringer("remote", access.RemoteOf(r)))
	w.WriteHeader(http.StatusAccepted)
}
