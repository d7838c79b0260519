package console

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// headerWithin bounds how long a request's header may take, idleFor how long a
	// connection may stay without one: strangers are not to collect connections.
	headerWithin = 5 * time.Second
	idleFor      = time.Minute
	// answerWithin bounds how long an answer may take to be taken: two megabytes of a
	// picture over a slow line. Events and players have bounds of their own.
	answerWithin = 30 * time.Second
	// headerMost bounds a request's header, in bytes.
	headerMost = 16 << 10
	// connectionsMost bounds the connections of one door: a page takes three or four, a
	// school has some hundred screens. Beyond it newcomers wait.
	connectionsMost = 1024
)

// door is one port of the pages. Each has an http.Server of its own: one for both
// would promise HTTP/2 over TLS and not speak it, where the plain port came first.
type door struct {
	key      string // of the configuration
	listener net.Listener
	server   *http.Server
}

// newDoor opens a port; secure is nil for one without encryption.
func newDoor(
	key, address string, secure *tls.Config, listen func(network, address string) (net.Listener, error),
) (*door, error) {
	l, err := listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return &door{key: key, listener: l, server: &http.Server{
		ReadHeaderTimeout: headerWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    headerMost,
		TLSConfig:         secure,
	}}, nil
}

// port is the one that was opened, nil where the address has none.
func (d *door) port() *int {
	_, port, err := net.SplitHostPort(d.listener.Addr().String())
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		return nil
	}
	return &n
}

// serve answers until shut. What browsers think of a certificate goes to said.
func (d *door) serve(h http.Handler, said *log.Logger) error {
	d.server.Handler, d.server.ErrorLog = h, said
	bounded := netutil.LimitListener(d.listener, connectionsMost)
	var err error
	if d.server.TLSConfig != nil {
		err = d.server.ServeTLS(bounded, "", "") // the certificate is in TLSConfig
	} else {
		err = d.server.Serve(bounded)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", d.key, err)
}

// shut ends serve, after the requests under way until ctx is done.
func (d *door) shut(ctx context.Context) {
	if d.server.Shutdown(ctx) != nil {
		_ = d.server.Close() // that was long enough
	}
}
