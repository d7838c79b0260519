package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/classrelay/classrelay/relay/access"
)

const (
	// streamsMost bounds the open pages that get events: a staff room's screens and
	// all its laptops. Each costs a goroutine, and writes the state once a second.
	streamsMost = 64
	// writeWithin is how long a page may not take what is sent; then it is gone, or
	// will come back by itself.
	writeWithin = 5 * time.Second
	// comeBack is what pages are told to wait before they open the stream again, ms.
	comeBack = 2000
)

// events sends the node's state each second and each change when it happens
// (WHATWG HTML §9.2). There is no queue: a page that is slow gets the newest state
// and the lines of the journal that are still there.
func (s *Server) events(w http.ResponseWriter, r *http.Request, v visitor) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		refuseFor(w, 5*time.Second, http.StatusServiceUnavailable, codeBusy, "too many open pages")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	e := &stream{w: w, out: http.NewResponseController(w)}
	line, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		_, line, _ = s.journal.Since(0) // a page that opens asks for /api/v1/log
	} else {
		line++ // that one has come
	}
	defer e.close()
	e.print("retry: %d\n\n", comeBack)
	var last *shown
	for {
		now := s.now.Load()
		lines, next, news := s.journal.Since(line)
		e.changes(lines, next)
		if now != last { // once a second, which is the heartbeat, too
			if _, verdict := s.ask(r, "", access.Watch); !verdict.Allowed {
				return // the session is over, or a reload has closed the network
			}
			e.event("status", "", now.statusFor(v, r))
		}
		line, last = next, now
		if e.flush() != nil {
			return
		}
		select {
		case <-now.fresh:
		case <-news:
		case <-r.Context().Done():
			return
		case <-s.ending:
			return
		}
	}
}

// stream is one open page.
type stream struct {
	w   http.ResponseWriter
	out *http.ResponseController
	buf bytes.Buffer
}

func (e *stream) print(format string, args ...any) { fmt.Fprintf(&e.buf, format, args...) }

// event adds an event; data is JSON, which has no line ends.
func (e *stream) event(name, id string, data []byte) {
	if id != "" {
		e.print("id: %s\n", id)
	}
	e.print("event: %s\ndata: %s\n\n", name, data)
}

// changes adds lines of the journal, the last of which has the number before next.
func (e *stream) changes(lines []Line, next uint64) {
	first := next - uint64(len(lines))
	for i := range lines {
		data, _ := json.Marshal(&lines[i]) // texts and a time always can
		e.event("change", strconv.FormatUint(first+uint64(i), 10), data)
	}
}

// flush sends what was added.
func (e *stream) flush() error {
	defer e.buf.Reset()
	// A transport without deadlines is one of a test.
	_ = e.out.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := e.w.Write(e.buf.Bytes()); err != nil {
		return err
	}
	return e.out.Flush()
}

// close leaves the connection without a deadline to whoever uses it next.
func (e *stream) close() { _ = e.out.SetWriteDeadline(time.Time{}) }
