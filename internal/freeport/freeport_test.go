package freeport

import (
	"net"
	"testing"
)

func TestARowIsEvenAndBelowThePortsThatSystemsGiveAway(t *testing.T) {
	for range 100 {
		if port := Row(4); port%2 != 0 || port < first || port+4 > end {
			t.Fatalf("a row of four from %d", port)
		}
	}
}

func TestAPortThatIsTakenIsNotFree(t *testing.T) {
	l, err := net.Listen("tcp", Address())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	if free(taken, 1) || free(taken-1, 2) {
		t.Errorf("%d is taken by TCP, and called free", taken)
	}
	c, err := net.ListenPacket("udp", Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if free(c.LocalAddr().(*net.UDPAddr).Port, 1) {
		t.Errorf("%v is taken by UDP, and called free", c.LocalAddr())
	}
}
