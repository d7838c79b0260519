package roq

import (
	"context"
	"crypto/tls"
	"net/netip"
	"testing"
	"time"
)

// crowd drives a gate: hosts that come at a steady rate, for a while.
type crowd struct {
	gate *gate
	now  time.Time
}

// come lets n a second come for d, by f, and returns how many were let in.
func (c *crowd) come(n int, d time.Duration, f func(now time.Time) bool) (in int) {
	gap := time.Second / time.Duration(n)
	for end := c.now.Add(d); c.now.Before(end); c.now = c.now.Add(gap) {
		if f(c.now) {
			in++
		}
	}
	return in
}

// knocks is a first packet without a token: it is let in, or told to come back.
func (c *crowd) knocks(host string) func(now time.Time) bool {
	return func(now time.Time) bool {
		return !c.gate.retry(now) && c.gate.begin(now, netip.MustParseAddr(host), false)
	}
}

// returns is a packet with a token.
func (c *crowd) returns(host string, good bool) func(now time.Time) bool {
	addr := netip.MustParseAddr(host)
	return func(now time.Time) bool {
		in := c.gate.begin(now, addr, true)
		if in && !good {
			c.gate.failed(now.Add(time.Millisecond), addr, true)
		}
		return in
	}
}

func newCrowd() *crowd { return &crowd{newGate(2), time.Unix(1_700_000_000, 0)} }

func TestWhileFewComeEachGetsAHandshakeAtOnce(t *testing.T) {
	c := newCrowd()
	if in := c.come(40, time.Minute, c.knocks("10.0.0.1")); in != 40*60 {
		t.Errorf("%d of %d", in, 40*60)
	}
}

func TestACountyThatComesBackAtOnceIsLetIn(t *testing.T) {
	c := newCrowd()
	in := 0
	for range 100 { // all in one moment
		if c.knocks("10.0.0.1")(c.now) {
			in++
		}
	}
	if in != 100 {
		t.Errorf("%d of 100 strangers at once", in)
	}
	for range 400 {
		if !c.gate.retry(c.now) {
			t.Fatal("the 101st is not asked to show where it is")
		}
	}
	// They come back with a token; who is turned away tries again within a second.
	waiting := 400
	for tries := 0; waiting > 0; tries++ {
		if tries > 4 {
			t.Fatalf("%d of 500 are still waiting after %d s", waiting, tries)
		}
		was := waiting
		for i := range was {
			if c.returns("10.0.1.1", true)(c.now.Add(time.Duration(i) * time.Second / time.Duration(was))) {
				waiting--
			}
		}
		c.now = c.now.Add(time.Second)
	}
}

func TestAFloodFromForgedAddressesGetsNoHandshakes(t *testing.T) {
	c := newCrowd()
	first := c.come(10_000, 10*time.Second, c.knocks("198.51.100.1"))
	if most := burst*handshakesPerCore*2/2 + 1; first > most {
		t.Errorf("%d of 100,000 got a handshake in ten seconds, at most %d should", first, most)
	}
	if in := c.come(10_000, 10*time.Second, c.knocks("198.51.100.1")); in != 0 {
		t.Errorf("%d more in the next ten seconds", in)
	}
	if in := c.come(10, 5*time.Second, c.returns("10.0.0.1", true)); in != 50 {
		t.Errorf("of 50 schools that showed where they are %d were let in", in)
	}
	c.now = c.now.Add(wary + time.Minute)
	if !c.knocks("10.0.0.2")(c.now) {
		t.Error("a minute after the flood strangers still have to show where they are")
	}
}

func TestAHostWhoseHandshakesFailIsHeldToOneASecond(t *testing.T) {
	c := newCrowd()
	if in := c.come(5000, 20*time.Second, c.returns("198.51.100.1", false)); in < 28 || in > 31 {
		t.Errorf("%d of 100,000 bad ones got a handshake in twenty seconds, want 30", in)
	}
	if !c.returns("10.0.0.1", true)(c.now) {
		t.Error("another host is held up with it")
	}
}

func TestBadHandshakesFromForgedAddressesAreNobodysFault(t *testing.T) {
	c := newCrowd()
	school := netip.MustParseAddr("10.0.0.1")
	for range 1000 {
		c.gate.failed(c.now, school, false)
	}
	if !c.gate.begin(c.now, school, true) {
		t.Error("a school is held up for what somebody did in its name")
	}
}

func TestAllTogetherGetWhatTheCoresCanDo(t *testing.T) {
	c := newCrowd()
	c.come(1000, 5*time.Second, c.returns("10.0.0.1", true))
	in := c.come(1000, 10*time.Second, c.returns("10.0.0.1", true))
	if in < 990 || in > 1010 {
		t.Errorf("%d handshakes in ten seconds on two cores, want 1000", in)
	}
}

// The same with the library: a stranger without a certificate dials again and again.
func TestBadHandshakesOverSockets(t *testing.T) {
	client, server := testTLS(t)
	cert := server.Certificates[0]
	server.ClientAuth = tls.RequireAnyClientCert
	l, err := Listen(TransportConfig{PacketConn: loopback(t), TLS: server})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.gate.strangers.SetBurst(0) // wary from the start
	accepted := make(chan struct{}, 1)
	dial := func(with ...tls.Certificate) error {
		tls := client.Clone()
		tls.Certificates = with
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c, err := Dial(ctx, l.Addr(), TransportConfig{PacketConn: loopback(t), TLS: tls})
		if err != nil {
			return err
		}
		if len(with) > 0 {
			<-accepted
			return c.CloseWithError(NoError, "")
		}
		<-c.Context().Done() // TLS tells a dialler late that it is refused
		return context.Cause(c.Context())
	}
	go func() { // ends when the listener is closed
		for {
			if _, err := l.Accept(context.Background()); err != nil {
				return
			}
			accepted <- struct{}{}
		}
	}()
	if err := dial(cert); err != nil {
		t.Fatal(err)
	}
	turnedAway := false
	for range 5 * badHandshakes {
		if err := dial(); Busy(err) {
			turnedAway = true
			break
		}
	}
	s := l.Gate()
	if !turnedAway || s.Failed < badHandshakes || s.Retried <= s.Failed || s.TurnedAway == 0 || s.Begun <= s.Failed {
		t.Errorf("turned away: %v; %+v", turnedAway, s)
	}
}
