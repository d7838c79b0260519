package engine

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
)

// A client that logs in, listens, and reads nothing from then on.
func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := serve(t, Config{Node: "hub-a", County: "c1"})
		other := Login{"s013", "another secret"}
		s013 := attach(t, hub, other, other, rights("s013"))
		heard := listen(t, s013, "to.c1.s013.hint")
		says(t, hub.Below(), "to.c1.s013.hint", "before", heard)

		near, far := net.Pipe()
		is := Login{"s012", "secret"}
		go func() { _ = hub.Serve(context.Background(), far, is, rights(is.Name)) }() // ends with the pipe
		defer func() { _ = near.Close() }()
		in := bufio.NewReader(near)
		if _, err := in.ReadString('\n'); err != nil { // INFO
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(near, "CONNECT {\"verbose\":false,\"user\":%q,\"pass\":%q}\r\nSUB to.c1.s012.> 1\r\nPING\r\n",
			is.Name, is.Secret); err != nil {
			t.Fatal(err)
		}
		if line, err := in.ReadString('\n'); err != nil || line != "PONG\r\n" {
			t.Fatalf("%q, %v", line, err)
		}

		began := time.Now()
		for range 60 { // 6 MB
			if err := hub.Below().Publish("to.c1.s012.word", bytes.Repeat([]byte("x"), 100<<10)); err != nil {
				t.Fatal(err)
			}
		}
		says(t, hub.Below(), "to.c1.s013.hint", "meanwhile", heard)
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("the hub and the others were held up for %s", took)
		}
		if n := waiting(t, hub, is.Name); n < maxPending/2 || n > maxPending {
			t.Errorf("%d bytes wait for it", n)
		}
		time.Sleep(9 * time.Second)
		if n := hub.current().NumSlowConsumersClients(); n != 0 {
			t.Errorf("cut off after %s", time.Since(began))
		}
		time.Sleep(2 * time.Second)
		if n := hub.current().NumSlowConsumersClients(); n != 1 {
			t.Errorf("%d clients were cut off, want the one that does not read", n)
		}
		if n := waiting(t, hub, is.Name); n != 0 {
			t.Errorf("%d bytes still wait for it", n)
		}
	})
}

// waiting is how many bytes wait for a client; 0 when it is there no more.
func waiting(t *testing.T, s *Server, name string) int {
	t.Helper()
	z, err := s.current().Connz(&natsd.ConnzOptions{Username: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range z.Conns {
		if c.AuthorizedUser == name {
			return c.Pending
		}
	}
	return 0
}
