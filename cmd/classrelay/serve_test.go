package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/relay/config"
)

// served runs a service in a bubble until it ends.
type served struct {
	signals chan os.Signal
	ended   chan error
	logs    *observer.ObservedLogs
}

func serveNode(node func(ctx context.Context) error, reload func() error) *served {
	core, logs := observer.New(zapcore.DebugLevel)
	v := &served{signals: make(chan os.Signal, 4), ended: make(chan error, 1), logs: logs}
	s := &service{run: node, reload: reload, log: zap.New(core)}
	go func() { v.ended <- s.Run(context.Background(), v.signals) }() // ends by a signal of the test
	return v
}

func TestServiceStopsByASignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serveNode(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(4 * time.Second) // says goodbye
			return nil
		}, nil)
		start := time.Now()
		v.signals <- syscall.SIGTERM
		if err := <-v.ended; err != nil || time.Since(start) != 4*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestServiceStopsAtOnceByASecondSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		v := serveNode(func(context.Context) error { <-hang; return nil }, nil)
		start := time.Now()
		v.signals <- os.Interrupt
		v.signals <- syscall.SIGHUP // too late to reload
		v.signals <- os.Interrupt
		if err := <-v.ended; !errors.Is(err, errAtOnce) || time.Since(start) != 0 {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestServiceDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		v := serveNode(func(context.Context) error { <-hang; return nil }, nil)
		start := time.Now()
		v.signals <- syscall.SIGTERM
		if err := <-v.ended; err == nil || time.Since(start) != shutdownTime {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestServiceEndsWithItsNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("listen.rtsp: address already in use")
		v := serveNode(func(context.Context) error { return broken }, nil)
		if err := <-v.ended; !errors.Is(err, broken) {
			t.Errorf("error %v, want the node's", err)
		}
	})
}

func TestServiceGoesOnWhenAReloadIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reloads := 0
		v := serveNode(func(ctx context.Context) error { <-ctx.Done(); return nil }, func() error {
			reloads++
			_, err := config.Parse("hub.yaml", []byte("node: hub\nlsten: {}\n"), config.Source{})
			return err
		})
		v.signals <- syscall.SIGHUP
		synctest.Wait()
		if reloads != 1 || len(v.ended) != 0 {
			t.Errorf("%d reloads, %d ends", reloads, len(v.ended))
		}
		refused := v.logs.FilterMessageSnippet("reload refused").All()
		if len(refused) != 1 || !strings.Contains(refused[0].ContextMap()["problems"].([]any)[0].(string), `hub.yaml:2:1: unknown key "lsten"`) {
			t.Errorf("log: %v", v.logs.All())
		}
		v.signals <- syscall.SIGTERM
		if err := <-v.ended; err != nil {
			t.Error(err)
		}
	})
}

func TestLogFormats(t *testing.T) {
	for format, want := range map[string]string{
		"json":    `"msg":"link up","link":"hub"}`,
		"console": "\tINFO\tlink up\t{\"link\": \"hub\"}",
	} {
		var b strings.Builder
		log := newLogger(format, zap.NewAtomicLevelAt(zap.InfoLevel), &b)
		log.Info("link up", zap.String("link", "hub"))
		log.Debug("not shown")
		if !strings.Contains(b.String(), want) || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%s: %q", format, b.String())
		}
	}
}
