package relay

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/roq"
)

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
				s.thrownOut(client)
			},
			"node refused", "another CA signed it",
			"handshake.refuse", "s1", "another CA signed it",
		},
		{
			"a revoked certificate on a live link",
			func(t *testing.T, s *siege) {
				s.revoke(s.attacker("s1"))
				soon(t, 10*time.Second, "the link is cut", func() bool { return !s.linked("s1") })
			},
			"a link is cut: the peer's certificate was revoked", "s1",
			"link.cut", "s1", "its certificate was revoked",
		},
		{
			"a revoked certificate that comes back",
			func(_ *testing.T, s *siege) {
				s.revoke(s.attacker("s1"))
				time.Sleep(10 * time.Second)
				s.never("s1", 10*time.Second)
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
				s.notTaken("s2/hall")
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
				s.notTaken("s3/toilet")
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
				r.wantRefused("may not have it")
			},
			"a node asks for a feed that it may not have", "feed office: this node may not have it: peers.*.watch",
			"watch.refuse", "s1", "office",
		},
		{
			"a node that asks for a feed of which it may not know whether there is one",
			func(_ *testing.T, s *siege) {
				r := s.rogue("s3")
				r.asks("secret", roq.MinMediaFlow)
				r.wantRefused("may not have it")
			},
			"a node asks for a feed that it may not have", "feed secret",
			"watch.refuse", "s3", "secret",
		},
		{
			"a forged node id in an announcement",
			func(_ *testing.T, s *siege) {
				s.rogue("s1").announces("s2/hall", "s2")
				s.notTaken("s2/hall")
			},
			"a node speaks for another", "it says that it is node s2, and its certificate that it is s1",
			"feed.refuse", "s1", "it says that it is node s2",
		},
		{
			"a forged node id further back in the path of a feed",
			func(_ *testing.T, s *siege) {
				s.rogue("s1").announces("s1/x", "s2", "s1")
				s.notTaken("s1/x")
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
				s.thrownOut(id.ClientTLS("10.0.0.1", ""))
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
