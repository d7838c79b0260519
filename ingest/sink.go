package ingest

import (
	"errors"

	"github.com/classrelay/classrelay/media"
)

// Sink is the feed as a source sees it. Its methods never block.
//
// Calls for one layer come one after the other; calls for different layers may
// come from different goroutines at the same time.
type Sink interface {
	media.Writer
	// SetTrack says how a layer is encoded: before its first packet, and again
	// before the first packet of another format. The track is immutable.
	SetTrack(layer media.Layer, t *media.Track)
}

// The reasons a session ends, for errors.Is. The text of the error says more,
// never the password.
var (
	// ErrURL: the URL cannot be used; no attempt was made.
	ErrURL = errors.New("bad camera URL")
	// ErrUnreachable: no connection to the camera.
	ErrUnreachable = errors.New("camera unreachable")
	// ErrPassword: the camera refuses the user name or password, or none is set.
	ErrPassword = errors.New("camera refuses the login")
	// ErrBasicOnly: the camera wants the password in clear, and that is not allowed.
	ErrBasicOnly = errors.New("camera offers Basic login only")
	// ErrNoStream: the camera answers, but has no stream under this path.
	ErrNoStream = errors.New("camera has no such stream")
	// ErrNoTrack: the stream has no track that we can carry.
	ErrNoTrack = errors.New("no usable track")
	// ErrNonsense: the camera does not keep to RTSP.
	ErrNonsense = errors.New("camera speaks nonsense")
	// ErrSilent: the session stands, but the picture does not come.
	ErrSilent = errors.New("camera is silent")
	// ErrClosed: the session was ended by the other side, or closed here.
	ErrClosed = errors.New("session ended")
)

// reason returns the one of the package's errors that err wraps, or nil.
func reason(err error) error {
	for _, r := range []error{
		ErrURL, ErrUnreachable, ErrPassword, ErrBasicOnly, ErrNoStream, ErrNoTrack, ErrNonsense, ErrSilent, ErrClosed,
	} {
		if errors.Is(err, r) {
			return r
		}
	}
	return nil
}
