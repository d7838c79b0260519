package console

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/relay/access"
)

// Who is slow, on purpose or not, gives his connection back.
func TestSlowRequestsAreGivenUp(t *testing.T) {
	tests := []struct {
		name, first string
		more        string // one byte of it every second
		within      time.Duration
	}{
		{"a header that does not end", "GET /api/v1/status HTTP/1.1\r\nHost: 10.1.0.1\r\n", "X-Slow: 1", headerWithin},
		{"nothing at all", "", "", headerWithin},
		{
			"the body of a login that does not come", "POST /api/v1/login HTTP/1.1\r\nHost: 10.1.0.1\r\n" +
				"Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n", strings.Repeat(" ", 4000), bodyWithin,
		},
		{
			"a body where none is wanted",
			"POST /api/v1/logout HTTP/1.1\r\nHost: 10.1.0.1\r\nContent-Length: 4000\r\n\r\n", strings.Repeat("x", 4000), bodyWithin,
		},
		{
			"a body in pieces", "POST /api/v1/logout HTTP/1.1\r\nHost: 10.1.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
			strings.Repeat("1\r\nx\r\n", 900), bodyWithin,
		},
		{"a connection that stays", "GET /api/v1/session HTTP/1.1\r\nHost: 10.1.0.1\r\n\r\n", "", idleFor},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRoom(t, access.Config{}, who("li"))
				conn := r.dial("10.1.2.9")
				began := time.Now()
				ended := make(chan struct{})
				go func() { // ends with conn
					defer close(ended)
					_, _ = io.WriteString(conn, tt.first)
					trickle(conn, tt.more)
				}()
				time.AfterFunc(tt.within+10*time.Second, func() { _ = conn.Close() })
				_, _ = io.Copy(io.Discard, conn) // until the server closes
				if lasted := time.Since(began); lasted > tt.within+2*time.Second {
					t.Errorf("it kept its connection for %v, want %v", lasted, tt.within)
				}
				_ = conn.Close()
				<-ended
				r.close()
			})
		})
	}
}

func trickle(to io.Writer, text string) {
	for i := range len(text) {
		time.Sleep(time.Second)
		if _, err := io.WriteString(to, text[i:i+1]); err != nil {
			return
		}
	}
}

func (r *room) dial(from string) net.Conn {
	r.t.Helper()
	conn, err := r.net.Host(from).DialContext(r.t.Context(), "tcp", "10.1.0.1:80")
	if err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// A gigabyte is not read to its end.
func TestALargeBodyIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, path := range []string{"/api/v1/login", "/api/v1/logout", "/api/v1/status", "/nothing"} {
			r := newRoom(t, access.Config{}, who("li"))
			conn := r.dial("10.1.2.9")
			sent := make(chan int64)
			go func() { // ends when the server closes
				_, _ = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: 10.1.0.1\r\nContent-Type: application/json\r\n"+
					"Content-Length: 1000000000\r\n\r\n")
				n, _ := io.Copy(conn, strings.NewReader(strings.Repeat("x", 64<<20)))
				sent <- n
			}()
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // it ends with conn
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if resp.StatusCode < 200 || resp.StatusCode >= 500 {
				t.Errorf("%s: %d", path, resp.StatusCode)
			}
			time.Sleep(2 * bodyWithin)
			_ = conn.Close()
			if n := <-sent; n > 4<<20 {
				t.Errorf("%s: %d bytes were taken", path, n)
			}
			r.close()
		}
	})
}

// An open page is not cut off by what bounds the slow.
func TestAnOpenPageOutlivesTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		events, status := r.listen("10.1.2.9")
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		time.Sleep(5*time.Minute + 500*time.Millisecond)
		if n := len(events); n < 300 {
			t.Errorf("%d states in five minutes", n)
		}
		r.close()
	})
}

// Who asks for much and takes none of it is given up, too.
func TestAnswersThatNobodyTakesAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		r.node.set(func(f *Feed) { f.Source = strings.Repeat("a long name ", 1<<20) }) // more than any buffer
		time.Sleep(2 * lookEvery)
		conn := r.dial("10.1.2.9")
		if _, err := io.WriteString(conn, "GET /api/v1/status HTTP/1.1\r\nHost: 10.1.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(answerWithin + time.Second)
		if n, _ := io.Copy(io.Discard, conn); n > 8<<20 {
			t.Errorf("all %d bytes waited for a page that did not read", n)
		}
		_ = conn.Close()
		r.close()
	})
}
