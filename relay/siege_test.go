package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
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

// announces says that there is a feed, which came this way.
func (r *rogue) announces(feed media.FeedID, path ...string) {
	r.s.t.Helper()
	r.says(&control.Message{Feeds: &control.Feeds{Feeds: []control.Feed{announced(feed, path...)}}})
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

// revoke writes a node's certificate down and revokes it.
func (s *siege) revoke(r *running) {
	s.t.Helper()
	if !s.linked(r.id.Name()) {
		s.t.Fatal("it is not linked")
	}
	writeDown(s.t, s.store, r.id)
	revoke(s.t, s.store, r.id.Name())
}

// thrownOut dials and checks that the hub does not keep the connection.
func (s *siege) thrownOut(client *tls.Config) {
	s.t.Helper()
	conn, err := s.from("10.0.0.2").Dial(s.t.Context(), "10.0.0.1:4433", roq.ProtocolRelay, client)
	if err != nil {
		return
	}
	select { // TLS tells a dialler late that it is refused
	case <-conn.Context().Done():
	case <-time.After(10 * time.Second):
		s.t.Error("the connection stays")
	}
	_ = conn.CloseWithError(roq.NoError, "") // it may be closed already
}

// notTaken checks that the hub has had time for a feed and does not take it.
func (s *siege) notTaken(feed media.FeedID) {
	s.t.Helper()
	time.Sleep(2 * time.Second)
	if peer, ok := s.best(feed); ok {
		s.t.Errorf("the hub takes %s from %s", feed, peer)
	}
}

// wantRefused checks what the hub has answered last.
func (r *rogue) wantRefused(words string) {
	r.s.t.Helper()
	select {
	case why := <-r.refused:
		if !strings.Contains(why, words) {
			r.s.t.Errorf("the answer is %q", why)
		}
	default:
		r.s.t.Error("the hub does not answer that it refuses")
	}
}
