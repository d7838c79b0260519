package webrtc

import (
	"fmt"

	"github.com/pion/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// pionLogs gives pion's log lines to ours, all as debugging: what it warns of are
// pages that leave and packets that strangers send to an open port. What matters to
// an operator is logged by player and pusher.
type pionLogs struct{ log *zap.Logger }

// NewLogger implements logging.LoggerFactory.
func (f pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{f.log.Named(scope)}
}

type pionLog struct{ log *zap.Logger }

func (l pionLog) say(text string) { l.log.Debug(text) }

func (l pionLog) sayf(format string, args []any) {
	if l.log.Core().Enabled(zapcore.DebugLevel) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

// Trace and the others implement logging.LeveledLogger. Traces tell of each packet.
func (l pionLog) Trace(string) {}

// Tracef drops the line.
func (l pionLog) Tracef(string, ...any) {}

// Debug logs a line.
func (l pionLog) Debug(text string) { l.say(text) }

// Debugf logs a line.
func (l pionLog) Debugf(format string, args ...any) { l.sayf(format, args) }

// Info logs a line.
func (l pionLog) Info(text string) { l.say(text) }

// Infof logs a line.
func (l pionLog) Infof(format string, args ...any) { l.sayf(format, args) }

// Warn logs a line.
func (l pionLog) Warn(text string) { l.say(text) }

// Warnf logs a line.
func (l pionLog) Warnf(format string, args ...any) { l.sayf(format, args) }

// Error logs a line.
func (l pionLog) Error(text string) { l.say(text) }

// Errorf logs a line.
func (l pionLog) Errorf(format string, args ...any) { l.sayf(format, args) }
