package mse

import (
	"encoding/json"
	"time"

	"github.com/coder/websocket"
)

// Closing codes (RFC 6455 §7.4.2: 4000 and above are the application's own), made of
// HTTP's.
const (
	// CodeLogin: log in first. The reason is the problem's code.
	CodeLogin websocket.StatusCode = 4401
	// CodeForbidden: this login or network may not watch.
	CodeForbidden websocket.StatusCode = 4403
	// CodeUnknownFeed: there is no such feed, or none any more.
	CodeUnknownFeed websocket.StatusCode = 4404
	// CodeCodec: no browser plays this. The reason is the codec.
	CodeCodec websocket.StatusCode = 4415
)

// startMessage goes in front of an init segment.
type startMessage struct {
	Type   string `json:"type"`
	MIME   string `json:"mime"`
	Layer  string `json:"layer"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// stateMessage says whether the camera delivers.
type stateMessage struct {
	Type  string     `json:"type"`
	State string     `json:"state"` // offline, online
	Since *time.Time `json:"since,omitempty"`
}

// clockMessage relates the fragments' time to the clock.
type clockMessage struct {
	Type string `json:"type"`
	// Now is when this was written, in this node's clock, in ms since 1970.
	Now int64 `json:"now"`
	// PTS is the newest picture's time in the fragments, in seconds.
	PTS float64 `json:"pts"`
	// Capture is when it was taken, in this node's clock, in ms since 1970.
	Capture int64 `json:"capture"`
}

func offlineMessage(since time.Time) stateMessage {
	since = since.UTC().Truncate(time.Millisecond)
	return stateMessage{Type: "state", State: "offline", Since: &since}
}

func onlineMessage() stateMessage { return stateMessage{Type: "state", State: "online"} }

// text is a message as it goes out. Marshal cannot fail for the types above.
func text(v any) message {
	b, _ := json.Marshal(v) //nolint:errchkjson // strings and finite numbers only
	return message{kind: websocket.MessageText, data: b}
}
