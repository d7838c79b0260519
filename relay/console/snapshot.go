package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"

	"github.com/classrelay/classrelay/media"
)

const (
	// pictureFresh is how long a picture is given out again: twenty open pages cost
	// the camera one request a second.
	pictureFresh = time.Second
	// pictureMost bounds a picture, in bytes: 4K in good quality.
	pictureMost = 2 << 20
	// pictureWithin bounds how long a camera may take.
	pictureWithin = 5 * time.Second
)

// pictures fetches what cameras show, as JPEG, for the previews of the node's page.
// Nothing is decoded here and nothing written to a disk. Any goroutine may use it.
type pictures struct {
	node interface {
		Camera(media.FeedID) (string, bool)
	}
	client *http.Transport

	mu   sync.Mutex
	kept map[media.FeedID]*picture // no more than there are cameras
}

// picture is the last one of a camera. Who wants a newer one holds turn meanwhile, and
// all who come wait for that.
type picture struct {
	turn chan struct{} // capacity 1
	url  string
	at   time.Time
	jpeg []byte
	err  error
}

func newPictures(
	dial func(ctx context.Context, network, address string) (net.Conn, error),
	node interface {
		Camera(media.FeedID) (string, bool)
	},
) *pictures {
	return &pictures{
		node: node,
		kept: make(map[media.FeedID]*picture),
		client: &http.Transport{
			DialContext:            dial,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        10 * time.Second,
			MaxResponseHeaderBytes: headerMost,
		},
	}
}

// fault is why there is no picture, with the code that pages have words for.
type fault struct {
	code string
	err  error
}

func (f *fault) Error() string { return f.err.Error() }

func (f *fault) Unwrap() error { return f.err }

func faulty(code, format string, args ...any) *fault {
	return &fault{code, fmt.Errorf(format, args...)}
}

// get returns a picture that is at most a second old.
func (p *pictures) get(ctx context.Context, feed media.FeedID) ([]byte, error) {
	from, basic := p.node.Camera(feed)
	if from == "" {
		return nil, faulty(codeNoSnapshot, "feeds.*.snapshot is not set for it at this node")
	}
	p.mu.Lock()
	k := p.kept[feed]
	if k == nil || k.url != from {
		k = &picture{turn: make(chan struct{}, 1), url: from}
		p.kept[feed] = k
	}
	p.mu.Unlock()
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if k.at.IsZero() || time.Since(k.at) >= pictureFresh {
		// Others wait for it: it is fetched even when the one who asked goes away.
		k.jpeg, k.err = p.fetch(context.WithoutCancel(ctx), from, basic)
		k.at = time.Now()
	}
	return k.jpeg, k.err
}

// fetch asks the camera with its own login. Errors hold no password.
func (p *pictures) fetch(ctx context.Context, from string, basic bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pictureWithin)
	defer cancel()
	u, err := url.Parse(from)
	if err != nil {
		return nil, faulty(codeSnapshotWrong, "feeds.*.snapshot is not a URL") // config has checked it
	}
	login := u.User
	u.User = nil
	resp, err := p.ask(ctx, u, login, basic || u.Scheme == "https")
	if err != nil {
		return nil, faulty(codeSnapshotSilent, "the camera at %s does not answer: %w", u.Host, cause(err))
	}
	defer resp.Body.Close()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return nil, faulty(codeSnapshotLogin, "the camera at %s refuses the login of feeds.*.snapshot", u.Host)
	case resp.StatusCode != http.StatusOK:
		return nil, faulty(codeSnapshotWrong, "the camera at %s answers %d for feeds.*.snapshot", u.Host, resp.StatusCode)
	case !strings.EqualFold(kind, "image/jpeg"):
		return nil, faulty(codeSnapshotWrong, "the camera at %s sends %.40q, not image/jpeg", u.Host, kind)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, pictureMost+1))
	switch {
	case err != nil:
		return nil, faulty(codeSnapshotSilent, "the camera at %s broke off: %w", u.Host, cause(err))
	case len(data) > pictureMost:
		return nil, faulty(codeSnapshotWrong, "the camera at %s sends more than %d bytes", u.Host, pictureMost)
	case !bytes.HasPrefix(data, []byte{0xff, 0xd8, 0xff}): // SOI and the next marker
		return nil, faulty(codeSnapshotWrong, "the camera at %s sends no JPEG", u.Host)
	}
	return data, nil
}

// ask sends the request, with Digest where the camera wants a login, and with Basic
// where it knows nothing else and the password may be sent. It follows no redirection:
// the login and this node's place in the network are for that camera alone.
func (p *pictures) ask(ctx context.Context, u *url.URL, login *url.Userinfo, basic bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "image/jpeg")
	if login == nil {
		return p.client.RoundTrip(req)
	}
	password, _ := login.Password()
	resp, err := p.client.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	challenge, err := digest.FindChallenge(resp.Header)
	switch {
	case err == nil:
		cred, err := digest.Digest(challenge, digest.Options{
			Method: req.Method, URI: u.RequestURI(), Username: login.Username(), Password: password, Count: 1,
		})
		if err != nil {
			return resp, nil //nolint:nilerr // a challenge we cannot answer is a login refused
		}
		req.Header.Set("Authorization", cred.String())
	case basic:
		req.SetBasicAuth(login.Username(), password)
	default:
		return resp, nil
	}
	_ = resp.Body.Close() // its text is of no interest
	return p.client.RoundTrip(req)
}

// cause leaves out the URL, which clients see.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// snapshot answers a camera's picture.
func (s *Server) snapshot(w http.ResponseWriter, r *http.Request, _ visitor) {
	jpeg, err := s.pictures.get(r.Context(), media.FeedID(r.PathValue("feed")))
	if err != nil {
		refusePicture(w, err)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(jpeg) // a client that went away needs no answer
}

// refusePicture tells a page why there is none: it shows the last key frame then, and
// the reason beside it.
func refusePicture(w http.ResponseWriter, err error) {
	var f *fault
	switch {
	case !errors.As(err, &f): // the page went away while it waited
		refuse(w, http.StatusServiceUnavailable, codeBusy, err.Error())
	case f.code == codeNoSnapshot:
		refuse(w, http.StatusNotFound, f.code, err.Error())
	default:
		refuse(w, http.StatusBadGateway, f.code, err.Error())
	}
}
