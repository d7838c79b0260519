package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/classrelay/classrelay/relay/config"
)

// shutdownTime is how long a node may take to end what it has begun: long enough
// to say goodbye on every link, short enough for an operator at the terminal.
const shutdownTime = 5 * time.Second

func newServe(t terminal) *cobra.Command {
	var path, profile string
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run a node",
		Long: `Runs the node of a configuration until SIGINT or SIGTERM: then it stops within five
seconds, or at once on a second signal. SIGHUP reads the configuration and the
certificate again; only what differs is changed, everything else goes on.`,
		Example: "  classrelay serve --config hub.yaml",
		Args:    cobra.NoArgs,
		RunE: work(func(ctx context.Context) error {
			if profile != "" {
				defer profileTo(profile, t.err)()
			}
			return serveSignalled(ctx, path, t.err)
		}),
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&profile, "cpuprofile", "", "write a CPU profile to this `file` (for developers)")
	_ = cmd.Flags().MarkHidden("cpuprofile") // fails for a flag that is not there only
	return cmd
}

// serveSignalled runs a node that obeys this process's signals.
func serveSignalled(ctx context.Context, path string, logs io.Writer) error {
	signals := make(chan os.Signal, 4) // two to stop, and a reload or two while we are busy
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	return serve(ctx, path, logs, signals)
}

func serve(ctx context.Context, path string, logs io.Writer, signals <-chan os.Signal) error {
	cfg, err := config.Load(path, config.System())
	if err != nil {
		return err
	}
	level := zap.NewAtomicLevelAt(levelOf(cfg))
	log := newLogger(cfg.Log.Format, level, logs)
	defer func() { _ = log.Sync() }() // a terminal cannot be synced
	node, err := newNode(cfg, log)
	if err != nil {
		return err
	}
	s := &service{
		run: node.Run,
		reload: func() error {
			fresh, err := config.Load(path, config.System())
			if err != nil {
				return err
			}
			if err := fresh.Validate(); err != nil {
				return err
			}
			restart, err := node.Reload(fresh)
			if err != nil {
				return err
			}
			level.SetLevel(levelOf(fresh))
			if len(restart) > 0 {
				log.Warn("these keys wait for a restart", zap.Strings("keys", restart))
			}
			return nil
		},
		log: log,
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go giveRoom(ctx, node.Links) // ends with ctx
	return s.Run(ctx, signals)
}

// service is a node and what signals do to it.
type service struct {
	run    func(ctx context.Context) error
	reload func() error
	log    *zap.Logger
}

// errAtOnce means that the second signal came before the node had stopped.
var errAtOnce = errors.New("stopped at once by a second signal")

// Run runs the node until a signal or its own end.
func (s *service) Run(ctx context.Context, signals <-chan os.Signal) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }() // ends with ctx; a node that hangs ends with the process

	for {
		select {
		case err := <-ended:
			return err
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				s.tryReload()
				continue
			}
			s.log.Info("stopping", zap.Stringer("signal", sig), zap.Duration("at_most", shutdownTime))
			stop()
			return s.stopping(ended, signals)
		}
	}
}

// tryReload leaves the node as it is when the new configuration is wrong.
func (s *service) tryReload() {
	err := s.reload()
	if e, ok := errors.AsType[*config.Error](err); ok {
		s.log.Error("reload refused, the old configuration stays",
			zap.Strings("problems", strings.Split(e.Error(), "\n")))
		return
	}
	if err != nil {
		s.log.Error("reload refused", zap.Error(err))
	}
}

// stopping waits for the node's end, but not for ever.
func (s *service) stopping(ended <-chan error, signals <-chan os.Signal) error {
	timeout := time.NewTimer(shutdownTime)
	defer timeout.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case sig := <-signals:
			if sig != syscall.SIGHUP {
				return errAtOnce
			}
		case <-timeout.C:
			return fmt.Errorf("the node did not stop within %s", shutdownTime)
		}
	}
}

// levelOf is the configured level; config has checked that it is one.
func levelOf(cfg *config.Config) zapcore.Level {
	level, _ := zapcore.ParseLevel(cfg.WithDefaults().Log.Level)
	return level
}

func newLogger(format string, level zapcore.LevelEnabler, w io.Writer) *zap.Logger {
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	enc.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(enc)
	if format != "json" {
		enc.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02 15:04:05.000")
		enc.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(enc)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level))
}
