package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// route is one path of the interface and what answers it.
type route struct {
	method, path string
	serve        http.HandlerFunc
}

// api is the interface behind the pages. Each of them is in openapi.yaml.
func (s *Server) api() []route {
	return []route{
		{http.MethodGet, "/api/v1/status", s.watching(s.status)},
		{http.MethodGet, "/api/v1/feeds", s.watching(s.feeds)},
		{http.MethodGet, "/api/v1/feeds/{feed...}", s.watching(s.feed)},
		{http.MethodGet, "/api/v1/links", s.watching(s.links)},
		{http.MethodGet, "/api/v1/history", s.watching(s.tenMinutes)},
		{http.MethodGet, "/api/v1/log", s.watching(s.lines)},
		{http.MethodGet, "/api/v1/events", s.watching(s.events)},
		{http.MethodGet, "/api/v1/snapshot/{feed...}", s.watching(s.snapshot)},
		{http.MethodGet, "/api/v1/keyframe/{feed...}", s.watching(s.keyFrame)},
		{http.MethodGet, "/api/v1/classes", s.watching(s.classes)},
		{http.MethodPost, "/api/v1/classes/{class}", s.turnClass},
		{http.MethodGet, "/api/v1/session", s.session},
		{http.MethodPost, "/api/v1/login", s.login},
		{http.MethodPost, "/api/v1/logout", s.logout},
		{http.MethodGet, "/api/v1/openapi.yaml", s.describe},
	}
}

// screens are the paths at which the one page with all screens is served.
func screens() []string {
	return []string{"/{$}", "/classes", "/login", "/watch/{feed...}", "/talk/{feed...}"}
}

// register puts all paths of this package on the mux.
func (s *Server) register() {
	allowed := make(map[string][]string)
	for _, r := range s.api() {
		s.mux.HandleFunc(r.method+" "+r.path, r.serve)
		allowed[r.path] = append(allowed[r.path], r.method)
	}
	for _, path := range screens() {
		s.mux.HandleFunc("GET "+path, s.pages.index)
	}
	s.mux.HandleFunc("GET /assets/", s.pages.asset)
	s.mux.HandleFunc("GET /{file}", s.pages.file)
	for path, methods := range allowed {
		s.mux.HandleFunc(path, otherMethod(methods))
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, codeNotFound, "there is nothing at this address")
	})
}

// otherMethod answers what comes to a path with a method that it does not have.
func otherMethod(methods []string) http.HandlerFunc {
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead) // net/http answers that with GET's
	}
	slices.SortFunc(methods, cmp.Compare)
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		refuse(w, http.StatusMethodNotAllowed, codeMethod, "this address takes "+allow)
	}
}
