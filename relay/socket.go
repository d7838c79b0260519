package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"
)

// statusSocket is the file in the state folder at which a node of a county answers
// `classrelay status`: for who may enter the folder, and nobody on the network.
const statusSocket = "status.sock"

// StatusSocket is where a node with that state folder answers.
func StatusSocket(state string) string { return filepath.Join(state, statusSocket) }

// openSocket serves the report on a socket in the state folder, if the node has one. The
// node runs without it, too.
func (n *Node) openSocket() *admin {
	state := n.cfg.County.State
	if !n.cfg.County.In() || state == "" || n.net.Listen != nil { // a simulated network has no files
		return &admin{}
	}
	listener, err := listenUnix(state)
	if err != nil {
		n.log.Warn("classrelay status cannot ask this node", zap.Error(err))
		return &admin{}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", n.serveReport)
	a := &admin{server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, done: make(chan struct{})}
	go func() { // ends with close
		defer close(a.done)
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("status socket", zap.Error(err))
		}
	}()
	return a
}

func listenUnix(state string) (net.Listener, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("county.state: %w", err)
	}
	path := StatusSocket(state)
	// One that was left behind by a node that was killed answers nobody.
	if conn, err := (&net.Dialer{Timeout: time.Second}).Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("county.state: another node answers at %s", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("county.state: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("county.state: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("county.state: %w", err)
	}
	return l, nil
}
