package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// admin is the HTTP server for metrics and health. It is the last to close.
type admin struct {
	server *http.Server
	done   chan struct{}
}

// openAdmin starts the admin server if the configuration has one.
func (n *Node) openAdmin() (*admin, error) {
	if n.cfg.Listen.Admin == "" {
		return &admin{}, nil
	}
	listener, err := n.net.listen()("tcp", n.cfg.Listen.Admin)
	if err != nil {
		return nil, fmt.Errorf("listen.admin: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{node: n},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", n.health)
	mux.HandleFunc("GET /readyz", n.ready)
	mux.HandleFunc("GET /status", n.serveReport)
	a := &admin{
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second},
		done:   make(chan struct{}),
	}
	go func() { // ends with close
		defer close(a.done)
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("admin server", zap.Error(err))
		}
	}()
	return a, nil
}

// close ends the server after requests under way are answered, within a second.
func (a *admin) close() {
	if a.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if a.server.Shutdown(ctx) != nil {
		_ = a.server.Close() // a second was enough
	}
	<-a.done
}

// health answers as long as the process lives.
func (n *Node) health(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, "ok") // a client that went away needs no answer
}

// ready answers 200 when every parent has a link, else 503 and which has not.
func (n *Node) ready(w http.ResponseWriter, _ *http.Request) {
	var up int
	for _, l := range n.table.peers() {
		if l.dialled {
			up++
		}
	}
	parents := len(n.duties.config().Parents)
	if up < parents {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintf(w, "%d of %d parents have no link\n", parents-up, parents)
		return
	}
	_, _ = fmt.Fprintln(w, "ready")
}
