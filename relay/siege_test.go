package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/store"
	"github.com/classrelay/classrelay/roq"
)

// siege is a county during a lesson, whose hub somebody attacks: s2 is the main school
// of a class that s1 is in, s3 is in none, and they may watch their classes only.
type siege struct {
	*enrolling
	lesson *clip // s2/room
	other  *clip // office, at the hub
	stop   []func()
	end    []string
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{enrolling: newEnrolling(t)}
	line := netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond}
	s.link("10.0.0.1", "10.0.0.4", line)
	s.startHubAs(&config.Config{
		Classes: map[string]config.Class{"maths": {
			Main: "s2", Rooms: map[string]media.FeedID{"s1": "s1/room", "s2": "s2/room"},
		}},
		Peers: map[string]config.Peer{
			"*":  {Watch: []string{"class/*"}},
			"s3": {Watch: []string{"nothing"}, Publish: []string{"s3/room"}},
		},
	})
	right := s.dials(s.school("s2"), "10.0.0.3")
	s.end = append(s.end, "s2")
	s.lesson, s.other = startClip(t, right.Node, "s2/room"), startClip(t, s.hub.Node, "office")
	s.runs(s.lesson)
	s.runs(s.other)
	time.Sleep(2 * time.Second)
	return s
}

// runs starts a clip that lift ends.
func (s *siege) runs(c *clip) {
	go c.run() // ended by lift
	s.stop = append(s.stop, func() { close(c.stop) })
}

// attacker runs a school's node beside the others.
func (s *siege) attacker(name string) *running {
	s.t.Helper()
	s.end = append(s.end, name)
	r := s.dials(s.school(name), "10.0.0.2")
	time.Sleep(2 * time.Second)
	return r
}

func (s *siege) lift() {
	s.t.Helper()
	for _, stop := range s.stop {
		stop()
	}
	if _, err := s.store.VerifyAudit(s.t.Context()); err != nil {
		s.t.Errorf("the audit log: %v", err)
	}
	s.enrolling.end(s.end...)
}

// reads waits for a line in the hub's log.
func (s *siege) reads(message, words string) {
	s.t.Helper()
	var all []string
	for range 50 {
		all = nil
		for _, e := range s.said.FilterMessage(message).All() {
			line := fmt.Sprint(e.Message, " ", e.ContextMap())
			if all = append(all, line); strings.Contains(line, words) {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Errorf("the hub does not say %q with %q: %q", message, words, all)
}

// from is the network of the attacker's machine.
func (s *siege) from(ip string) Network {
	host := s.net.Host(ip)
	return Network{ListenPacket: host.ListenPacket, DialContext: host.DialContext}
}

// code puts a join code into the book.
func (s *siege) code(school string, made time.Time) *enrol.Code {
	s.t.Helper()
	code := &enrol.Code{Hubs: []string{"10.0.0.1:4433"}, Pin: identity.PinOf(s.hub.id.CA()), Token: enrol.NewToken()}
	entry, err := code.Token.Entry(school, identity.School, made, enrol.TokenLife)
	if err == nil {
		err = s.store.AddToken(s.t.Context(), entry)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// joins comes with a code, as a machine that has none of what it got before.
func (s *siege) joins(code *enrol.Code, name string) error {
	s.t.Helper()
	_, err := (&enrol.Joining{Code: code, Name: name, Dir: s.t.TempDir(), Dial: s.from("10.0.0.2").Dial}).Run(s.t.Context())
	return err
}

// refused checks that a code was not taken, and why.
func (s *siege) refused(err error, want enrol.Reason) {
	s.t.Helper()
	if r, ok := errors.AsType[*enrol.Refusal](err); !ok || r.Reason != want {
		s.t.Errorf("%v, want a refusal because %v", err, want)
	}
}

// rogue speaks the language of links by hand, and says what no node of ours would.
type rogue struct {
	s       *siege
	session *roq.Session
	stream  roq.Stream
	refused chan string
	done    chan struct{}
}

// rogue links up with a school's good certificate.
func (s *siege) rogue(name string) *rogue {
	s.t.Helper()
	id := s.school(name)
	conn, err := s.from("10.0.0.2").Dial(s.t.Context(), "10.0.0.1:4433", roq.ProtocolRelay, id.ClientTLS("10.0.0.1", ""))
	if err != nil {
		s.t.Fatal(err)
	}
	session, err := roq.NewSession(conn, roq.SessionConfig{Relay: true}, s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	r := &rogue{s: s, session: session, refused: make(chan string, 16), done: make(chan struct{})}
	ctx, stop := context.WithCancel(s.t.Context())
	go func() { // ended by lift
		defer close(r.done)
		_ = session.Run(ctx)
	}()
	s.stop = append(s.stop, func() {
		_ = session.Close(roq.NoError, "gone")
		stop()
		<-r.done
	})
	if r.stream, err = session.Control(ctx); err != nil {
		s.t.Fatal(err)
	}
	r.says(&control.Message{Hello: &control.Hello{Protocol: control.Version, Software: "rogue"}})
	if m, err := control.Read(r.stream); err != nil || m.Hello == nil {
		s.t.Fatal(m, err)
	}
	go r.listen() // ends with the stream
	time.Sleep(time.Second)
	return r
}

func (r *rogue) says(m *control.Message) {
	r.s.t.Helper()
	if err := control.Write(r.stream, m); err != nil {
		r.s.t.Fatal(err)
	}
}

// listen keeps what the hub refuses. Full: the rest is not wanted.
func (r *rogue) listen() {
	for {
		m, err := control.Read(r.stream)
		if err != nil {
			return
		}
		if m.Refused != nil {
			select {
			case r.refused <- m.Refused.Why:
			default:
			}
		}
	}
}

// asks wants a feed and tells how many packets of it come in two seconds.
func (r *rogue) asks(feed media.FeedID, flow uint64) int {
	r.s.t.Helper()
	in := make(chan roq.Received, 1000)
	if err := r.session.Receive(flow, in); err != nil {
		r.s.t.Fatal(err)
	}
	r.says(&control.Message{Subscribe: &control.Subscribe{Feed: feed, Layer: media.LayerMain, Flow: flow, Always: true}})
	time.Sleep(2 * time.Second)
	return len(in)
}

// foreigner makes a certificate with a good name, of another CA.
func foreigner(t *testing.T, name string) *identity.Identity {
	t.Helper()
	dir := t.TempDir()
	err := errors.Join(identity.InitCA(dir),
		identity.IssueMember(dir, identity.Member{Node: name, County: "c1", Role: identity.School, School: name}))
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.Load(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// attack is a row: what is done, which must show by itself that it did not help, and what
// is to be found afterwards.
type attack struct {
	name               string
	do                 func(t *testing.T, s *siege)
	says, words        string // the line in the hub's log, and what stands in it
	audits, by, result string // the entry in the audit log
}

func attacks() []attack {
	return []attack{
		{
			"a certificate of another CA, with the name of a school",
			func(t *testing.T, s *siege) {
				client := foreigner(t, "s1").ClientTLS("10.0.0.1", "")
				client.VerifyConnection = nil // it does not care whom it meets
				s.thrownOut(t, client)
			},
			"node refused", "another CA signed it",
			"handshake.refuse", "s1", "another CA signed it",
		},
		{
			"a revoked certificate on a live link",
			func(t *testing.T, s *siege) {
				s.revoke(t, s.attacker("s1"))
				began := time.Now()
				for s.linked("s1") {
					if time.Since(began) > 10*time.Second {
						t.Fatal("still linked after ten seconds")
					}
					time.Sleep(10 * time.Millisecond)
				}
			},
			"a link is cut: the peer's certificate was revoked", "s1",
			"link.cut", "s1", "its certificate was revoked",
		},
		{
			"a revoked certificate that comes back",
			func(t *testing.T, s *siege) {
				s.revoke(t, s.attacker("s1"))
				time.Sleep(10 * time.Second)
				s.never(t, "s1", 10*time.Second)
			},
			"node refused", "the certificate was revoked",
			"handshake.refuse", "s1", "the certificate was revoked",
		},
		{
			"a join code for the second time, from another machine",
			func(_ *testing.T, s *siege) {
				code := s.code("s7", time.Now())
				if err := s.joins(code, ""); err != nil {
					s.t.Fatal(err)
				}
				s.refused(s.joins(code, ""), enrol.ReasonUsed)
			},
			"a machine wants to join and may not", "used",
			"token.refuse", "s7", "used",
		},
		{
			"a join code that has expired",
			func(_ *testing.T, s *siege) {
				code := s.code("s7", time.Now().Add(-enrol.TokenLife-time.Minute))
				s.refused(s.joins(code, ""), enrol.ReasonExpired)
			},
			"a machine wants to join and may not", "expired",
			"token.refuse", "s7", "expired",
		},
		{
			"a join code of one school for the name of another",
			func(_ *testing.T, s *siege) { s.refused(s.joins(s.code("s7", time.Now()), "s2"), enrol.ReasonName) },
			"a machine wants to join and may not", "s2",
			"token.refuse", "s2", "this code is for the school s7",
		},
		{
			"a node that publishes for another",
			func(t *testing.T, s *siege) {
				s.runs(startClip(t, s.attacker("s1").Node, "s2/hall"))
				time.Sleep(2 * time.Second)
				if peer, ok := s.best("s2/hall"); ok {
					t.Errorf("the hub takes it from %s", peer)
				}
			},
			"a node speaks for another", "s2/hall: a school gives feeds named s1/…",
			"feed.refuse", "s1", "s2/hall",
		},
		{
			"a node that publishes what its rule does not name",
			func(t *testing.T, s *siege) {
				thief := s.attacker("s3")
				s.runs(startClip(t, thief.Node, "s3/toilet"))
				s.runs(startClip(t, thief.Node, "s3/room"))
				time.Sleep(2 * time.Second)
				if _, ok := s.best("s3/toilet"); ok {
					t.Error("the hub takes it")
				}
				if _, ok := s.best("s3/room"); !ok {
					t.Error("what its rule names is lost with it")
				}
			},
			"a node speaks for another", "s3/toilet: peers.s3.publish does not name it",
			"feed.refuse", "s3", "peers.s3.publish does not name it",
		},
		{
			"a node that subscribes without right",
			func(t *testing.T, s *siege) {
				r := s.rogue("s1")
				if n := r.asks("s2/room", roq.MinMediaFlow); n == 0 {
					t.Error("nothing comes of a room of its class")
				}
				if n := r.asks("office", roq.MinMediaFlow+1); n != 0 {
					t.Errorf("%d packets come", n)
				}
				r.wantRefused(t, "may not have it")
			},
			"a node asks for a feed that it may not have", "feed office: this node may not have it: peers.*.watch",
			"watch.refuse", "s1", "office",
		},
		{
			"a node that asks for a feed of which it may not know whether there is one",
			func(t *testing.T, s *siege) {
				r := s.rogue("s3")
				r.asks("secret", roq.MinMediaFlow)
				r.wantRefused(t, "may not have it")
			},
			"a node asks for a feed that it may not have", "feed secret",
			"watch.refuse", "s3", "secret",
		},
		{
			"a forged node id in an announcement",
			func(t *testing.T, s *siege) {
				r := s.rogue("s1")
				r.says(&control.Message{Feeds: &control.Feeds{Feeds: []control.Feed{announced("s2/hall", "s2")}}})
				time.Sleep(2 * time.Second)
				if peer, ok := s.best("s2/hall"); ok {
					t.Errorf("the hub takes it from %s", peer)
				}
			},
			"a node speaks for another", "it says that it is node s2, and its certificate that it is s1",
			"feed.refuse", "s1", "it says that it is node s2",
		},
		{
			"a forged node id further back in the path of a feed",
			func(t *testing.T, s *siege) {
				r := s.rogue("s1")
				r.says(&control.Message{Feeds: &control.Feeds{Feeds: []control.Feed{announced("s1/x", "s2", "s1")}}})
				time.Sleep(2 * time.Second)
				if peer, ok := s.best("s1/x"); ok {
					t.Errorf("the hub takes it from %s", peer)
				}
			},
			"a node speaks for another", "it says that it comes from node s2",
			"feed.refuse", "s1", "it says that it comes from node s2",
		},
		{
			"a forged node id in the change of a class",
			func(t *testing.T, s *siege) {
				r := s.rogue("s1")
				r.says(&control.Message{Ask: &lesson.Ask{Class: "maths", Main: "s1", Path: []string{"s2", "s1"}}})
				time.Sleep(2 * time.Second)
				s.hub.table.classes.mu.Lock()
				defer s.hub.table.classes.mu.Unlock()
				if main := s.hub.table.classes.book.Known("maths").Main; main != "s2" {
					t.Errorf("the main school is %s", main)
				}
			},
			"change of a class refused", "s1 asks for s2, which is not behind it",
			"class.refuse", "s1", "s1 asks for s2",
		},
		{
			"a second node with the hub's own name",
			func(t *testing.T, s *siege) {
				err := errors.Join(os.RemoveAll(filepath.Join(s.pki, "hub")), // which the hub has read
					identity.IssueMember(s.pki, identity.Member{Node: "hub", County: "c1", Role: identity.Hub}))
				if err != nil {
					t.Fatal(err)
				}
				id, err := identity.Load(filepath.Join(s.pki, "hub"))
				if err != nil {
					t.Fatal(err)
				}
				s.thrownOut(t, id.ClientTLS("10.0.0.1", ""))
			},
			"node refused", "has this node's own name",
			"link.refuse", "hub", "has this node's own name",
		},
		{
			"ten first packets a second of handshakes that come to nothing",
			func(t *testing.T, s *siege) {
				socket, err := s.net.Host("10.0.0.4").ListenPacket("udp", ":0")
				if err != nil {
					t.Fatal(err)
				}
				hub := s.hub.visits.Load().Addr()
				for i := range 1300 {
					if _, err := socket.WriteTo(firstPacket(i), hub); err != nil {
						t.Fatal(err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				_ = socket.Close()
				if !s.linked("s2") {
					t.Error("the lesson's link is gone")
				}
			},
			"strangers knock at listen.quic by the hundred; lessons go first, and a firewall that lets only " +
				"the schools' networks in would keep them out", "knocks in a minute",
			"handshake.flood", "somebody", "knocks in a minute",
		},
	}
}

// firstPacket looks like that of a handshake (RFC 9000 §17.2.2), and cannot be opened.
func firstPacket(n int) []byte {
	b := make([]byte, 1200)
	copy(b, []byte{0xc0, 0, 0, 0, 1, 8, byte(n >> 8), byte(n), 3, 4, 5, 6, 7, 8, 8, byte(n >> 8), byte(n)})
	b[23] = 0                                                    // no token, after eight bytes of the source's id
	b[24], b[25] = 0x40|byte((1200-26)>>8), byte((1200-26)&0xff) // the length
	return b
}

// revoke writes a node's certificate down and revokes it.
func (s *siege) revoke(t *testing.T, r *running) {
	t.Helper()
	if !s.linked(r.id.Name()) {
		t.Fatal("it is not linked")
	}
	name := r.id.Name()
	err := s.store.AddCert(t.Context(), store.Cert{
		Serial: identity.SerialOf(r.id.Certificate()), Node: name, Role: "school", Issued: time.Now(), Expires: r.id.NotAfter(),
	})
	if err == nil {
		_, err = s.store.RevokeNode(t.Context(), name, "stolen", time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// thrownOut dials and checks that the hub does not keep the connection.
func (s *siege) thrownOut(t *testing.T, client *tls.Config) {
	t.Helper()
	conn, err := s.from("10.0.0.2").Dial(t.Context(), "10.0.0.1:4433", roq.ProtocolRelay, client)
	if err != nil {
		return
	}
	select { // TLS tells a dialler late that it is refused
	case <-conn.Context().Done():
	case <-time.After(10 * time.Second):
		t.Error("the connection stays")
	}
	_ = conn.CloseWithError(roq.NoError, "") // it may be closed already
}

// never checks that a node is not linked for some time.
func (s *siege) never(t *testing.T, peer string, d time.Duration) {
	t.Helper()
	for range int(d / (100 * time.Millisecond)) {
		time.Sleep(100 * time.Millisecond)
		if s.linked(peer) {
			t.Fatalf("%s is linked", peer)
		}
	}
}

// wantRefused checks what the hub has answered last.
func (r *rogue) wantRefused(t *testing.T, words string) {
	t.Helper()
	select {
	case why := <-r.refused:
		if !strings.Contains(why, words) {
			t.Errorf("the answer is %q", why)
		}
	default:
		t.Error("the hub does not answer that it refuses")
	}
}

// Each is refused, said in the log and audited, and the lesson goes on.
func TestAttacksAreRefusedSaidAndAudited(t *testing.T) {
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiege(t)
				a.do(t, s)
				s.reads(a.says, a.words)
				s.audited(a.audits, a.by, a.result)
				if peer, ok := s.best("s2/room"); !ok || peer != "s2" {
					t.Errorf("the lesson comes from %q, %v", peer, ok)
				}
				s.lift()
			})
		})
	}
}
