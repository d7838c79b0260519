package county

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/freeport"
)

// echo listens and sends back what it is sent.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", freeport.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends when l is closed
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }() // ends with the connection
		}
	}()
	return l.Addr().String()
}

func TestACutFibreKeepsWhatIsOnItsWay(t *testing.T) {
	at := freeport.Address()
	f, err := layFibre(at, echo(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }() // ended below
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 5)
	say := func(word string) {
		t.Helper()
		if _, err := io.WriteString(c, word); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(within time.Duration) error {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		_, err := io.ReadFull(c, answer)
		return err
	}
	say("hello")
	if err := hear(time.Minute); err != nil || string(answer) != "hello" {
		t.Fatalf("%q, %v", answer, err)
	}
	f.cut(true)
	f.cut(true) // again is no harm
	say("again")
	if err := hear(100 * time.Millisecond); err == nil {
		t.Error("a cut line carries")
	}
	f.cut(false)
	if err := hear(time.Minute); err != nil || string(answer) != "again" {
		t.Errorf("%q, %v", answer, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := hear(time.Minute); err == nil {
		t.Error("the connection goes on")
	}
}
