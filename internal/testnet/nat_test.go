package testnet

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

func TestARebindGivesNewPortsAndLosesTheOldOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1)
		defer n.Close()
		slow := netem.Profile{Delay: 50 * time.Millisecond}
		if err := n.Link("10.0.0.1", "10.5.0.1", slow, slow); err != nil { // the second line is a long one
			t.Fatal(err)
		}
		hub, err := n.ListenPacket("10.0.0.1:4433")
		if err != nil {
			t.Fatal(err)
		}
		school, err := n.Host("10.0.1.1").ListenPacket("udp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		// say sends to the hub and returns where it comes from and how long it took.
		say := func() (from net.Addr, took time.Duration) {
			t.Helper()
			begun := time.Now()
			if _, err := school.WriteTo([]byte("hello"), hub.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			_, from, err := hub.ReadFrom(buf)
			if err != nil {
				t.Fatal(err)
			}
			return from, time.Since(begun)
		}
		// hears tells whether an answer to an address reaches the school.
		hears := func(at net.Addr) bool {
			t.Helper()
			if _, err := hub.WriteTo([]byte("answer"), at); err != nil {
				t.Fatal(err)
			}
			_ = school.SetReadDeadline(time.Now().Add(time.Second))
			_, from, err := school.ReadFrom(buf)
			return err == nil && from.String() == hub.LocalAddr().String()
		}
		first, _ := say()
		if first.String() != school.LocalAddr().String() || !hears(first) {
			t.Fatalf("without a NAT the school is at %s and seen at %s", school.LocalAddr(), first)
		}
		for _, tt := range []struct {
			public string
			took   time.Duration
		}{{"10.0.1.1", 0}, {"10.0.1.1", 0}, {"10.5.0.1", 50 * time.Millisecond}} {
			if err := n.Rebind("10.0.1.1", tt.public); err != nil {
				t.Fatal(err)
			}
			if hears(first) {
				t.Errorf("an answer to %s still arrives", first)
			}
			second, took := say()
			if second.String() == first.String() || second.(*net.UDPAddr).IP.String() != tt.public || took != tt.took {
				t.Errorf("seen at %s after %v, before at %s", second, took, first)
			}
			if again, _ := say(); again.String() != second.String() || !hears(second) {
				t.Errorf("seen at %s and then at %s", second, again)
			}
			first = second
		}
	})
}
