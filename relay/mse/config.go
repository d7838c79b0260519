package mse

import (
	"net/http"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
)

// Config is how viewers are served. The zero value works.
type Config struct {
	// Playout is what the last hop does to the packets.
	Playout playout.Config
	// Choice is what a page gets that does not ask for a layer. Default
	// playout.ChooseAuto.
	Choice playout.Choice
}

// Gate decides who may watch. Where it refuses, it writes the answer itself.
type Gate interface {
	Pass(w http.ResponseWriter, r *http.Request, feed media.FeedID, a access.Action) (user string, ok bool)
}

const (
	// watchWait is how long a feed may take to come up before its page is told that it
	// is offline; the page stays, and so does the wait. As over RTSP.
	watchWait = 3 * time.Second
	// writeWithin is how long one message may take: a key frame of 300 kB over 500
	// kbit/s. Who takes nothing for so long is gone.
	writeWithin = 5 * time.Second
	// pingEvery finds those that went away without a word, and keeps the state in
	// routers on the way.
	pingEvery  = 10 * time.Second
	pingWithin = 10 * time.Second
	// closeWithin is how long the other side may take to answer a close frame.
	closeWithin = time.Second
	// tickEvery is how often a viewer looks after what no packet tells.
	tickEvery  = 500 * time.Millisecond
	clockEvery = time.Second
	// awayAfter is how long nothing comes before the page is told: longer than a
	// camera with one picture per second is silent, and than most repairs take.
	awayAfter = 2 * time.Second
	// againAfter is the pause before a feed is opened once more.
	againAfter = 100 * time.Millisecond
)
