package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/media"
)

func TestBackoffGrowsAndKeepsItsBounds(t *testing.T) {
	const ms = time.Millisecond
	b := backoff{min: 200 * ms, max: 1500 * ms, rng: rand.New(rand.NewPCG(1, 1))}
	for range 3 {
		for i, step := range []time.Duration{200, 400, 800, 1500, 1500, 1500} {
			got, most := b.wait(), step*ms
			if got > most || got < most*3/4 {
				t.Fatalf("wait %d is %v, want three to four quarters of %v", i, got, most)
			}
		}
		b.reset()
	}
}

// script is a player whose sessions are written down: how long until it plays (or
// never), and how long it lasts.
type script struct {
	mu       sync.Mutex
	sessions []scene
	began    []time.Time
	running  int
}

type scene struct {
	plays time.Duration // negative: never
	lasts time.Duration
	err   error
}

func (s *script) run(ctx context.Context, playing func()) error {
	s.mu.Lock()
	s.began = append(s.began, time.Now())
	sc := s.sessions[min(len(s.began), len(s.sessions))-1]
	s.running++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	if sc.plays >= 0 {
		time.Sleep(sc.plays)
		playing()
	}
	select {
	case <-time.After(sc.lasts):
		return sc.err
	case <-ctx.Done():
		return nil
	}
}

func (s *script) starts() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.began...)
}

func supervise(t *testing.T, cfg SupervisorConfig, p player) (*Supervisor, *observer.ObservedLogs, func()) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	cfg.setDefaults()
	s := newSupervisor(cfg, p, rand.New(rand.NewPCG(2, 2)), zap.New(core))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }() // until the returned function is called
	return s, logs, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s.State().Phase != PhaseIdle {
			t.Errorf("%s after the end", s.State().Phase)
		}
	}
}

func TestAFailingCameraIsAskedAgainForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := fmt.Errorf("pull room-101: %w: camera: connection refused", ErrUnreachable)
		p := &script{sessions: []scene{{plays: -1, err: gone}}}
		s, logs, stop := supervise(t, SupervisorConfig{Always: true}, p)
		time.Sleep(time.Hour)
		st := s.State()
		if st.Phase != PhaseFailed || st.Reason != gone.Error() || st.Attempts < 2400 || st.Sessions != 0 {
			t.Fatalf("%+v", st)
		}
		starts := p.starts()
		for i := 1; i < len(starts); i++ {
			if d := starts[i].Sub(starts[i-1]); d < 150*time.Millisecond || d > 1500*time.Millisecond {
				t.Fatalf("%v between attempts %d and %d", d, i-1, i)
			}
		}
		if logs.Len() != 1 {
			t.Fatalf("%d lines about one failure", logs.Len())
		}
		stop()
	})
}

func TestASlowFailureDoesNotWaitOnTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{sessions: []scene{{plays: -1, lasts: 2 * time.Second, err: ErrUnreachable}}}
		_, _, stop := supervise(t, SupervisorConfig{Always: true}, p)
		time.Sleep(time.Minute)
		starts := p.starts()
		for i := 1; i < len(starts); i++ {
			if d := starts[i].Sub(starts[i-1]); d != 2200*time.Millisecond {
				t.Fatalf("%v between attempts of 2 s", d)
			}
		}
		stop()
	})
}

func TestEachChangeOfStateIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{sessions: []scene{
			{plays: -1, err: ErrUnreachable},
			{plays: -1, err: ErrUnreachable},
			{plays: -1, err: ErrPassword},
			{plays: 100 * time.Millisecond, lasts: time.Minute, err: ErrSilent},
			{plays: 100 * time.Millisecond, lasts: time.Hour},
		}}
		s, logs, stop := supervise(t, SupervisorConfig{Always: true}, p)
		time.Sleep(2 * time.Minute)
		var got []string
		for _, e := range logs.All() {
			line := e.Message
			if f, ok := e.ContextMap()["error"]; ok {
				line += ": " + f.(string)
			}
			got = append(got, line)
		}
		const fails = "camera does not play; trying again: "
		want := []string{
			fails + ErrUnreachable.Error(), fails + ErrPassword.Error(), "camera plays",
			fails + ErrSilent.Error(), "camera plays again",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("logged %q, want %q", got, want)
		}
		if st := s.State(); st.Phase != PhaseRunning || st.Sessions != 2 || st.Reason != "" || st.Attempts != 0 {
			t.Fatalf("%+v", st)
		}
		starts := p.starts()
		// The session of a minute took the back-off back to its beginning.
		if d := starts[4].Sub(starts[3]); d != time.Minute+300*time.Millisecond {
			t.Fatalf("the next attempt came %v after a session of a minute", d)
		}
		stop()
	})
}

func TestACameraThatFallsDownAfterEveryPlayIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{sessions: []scene{{plays: 0, lasts: 10 * time.Millisecond, err: ErrClosed}}}
		_, _, stop := supervise(t, SupervisorConfig{Always: true}, p)
		time.Sleep(time.Minute)
		if n := len(p.starts()); n > 60 {
			t.Fatalf("%d attempts in a minute", n)
		}
		stop()
	})
}

func TestACameraIsPulledOnlyWhileWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{sessions: []scene{{plays: 100 * time.Millisecond, lasts: time.Hour, err: errors.New("x")}}}
		s, _, stop := supervise(t, SupervisorConfig{}, p)
		expect := func(phase Phase, attempts, running int) {
			t.Helper()
			synctest.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			if s.State().Phase != phase || len(p.began) != attempts || p.running != running {
				t.Fatalf("%s after %d attempts, %d running", s.State().Phase, len(p.began), p.running)
			}
		}
		time.Sleep(time.Minute)
		expect(PhaseIdle, 0, 0)
		s.SetWanted(true)
		expect(PhaseConnecting, 1, 1)
		time.Sleep(time.Minute)
		expect(PhaseRunning, 1, 1)
		s.SetWanted(true)
		expect(PhaseRunning, 1, 1)
		s.SetWanted(false)
		expect(PhaseIdle, 1, 0)
		time.Sleep(time.Minute)
		expect(PhaseIdle, 1, 0)
		for range 10 {
			s.SetWanted(true)
			s.SetWanted(false)
		}
		s.SetWanted(true)
		time.Sleep(time.Second)
		p.mu.Lock()
		running := p.running
		p.mu.Unlock()
		if running != 1 || s.State().Phase != PhaseRunning {
			t.Fatalf("%s, %d running", s.State().Phase, running)
		}
		stop()
	})
}

func TestThePictureIsBackTwoSecondsAfterTheCamera(t *testing.T) {
	for _, down := range []time.Duration{3 * time.Second, 20*time.Second + 700*time.Millisecond, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			cam := newCamera(t)
			cam.start()
			sink := newRecorder(t)
			pull := pullFrom(t, cam, sink, nil)
			s, err := NewSupervisor(SupervisorConfig{Always: true}, pull, rand.New(rand.NewPCG(3, 3)), zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx) }() // until cancel, below
			time.Sleep(10 * time.Second)
			cam.halt()
			time.Sleep(down)
			if st := s.State(); st.Phase == PhaseRunning || st.Phase == PhaseIdle {
				t.Fatalf("%+v while the camera is off", st)
			}
			before := sink.count(media.LayerMain)
			cam.start()
			// Up to a second of the camera's until its next key frame.
			time.Sleep(2*time.Second + time.Second)
			if sink.count(media.LayerMain) == before || s.State().Phase != PhaseRunning {
				t.Fatalf("after %v: %+v", down, s.State())
			}
			back := sink.get(media.LayerMain)[before].Arrival
			t.Logf("off for %v: picture after %v", down, 3*time.Second-time.Since(back))
			cancel()
			<-done
			cam.halt()
		})
	}
}
