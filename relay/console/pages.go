package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/classrelay/classrelay/media"
)

// unbuilt is shown where the pages were not built into the program.
//
//go:embed unbuilt.html
var unbuilt []byte

// pages are the files that Vite has built: index.html, which is every screen; assets,
// whose names change with what is in them; and a few others, such as the icon.
type pages struct {
	files fs.FS
	first []byte // index.html, or the page that says how to build it
	tag   string // of first (RFC 9110 §8.8.3)
}

// newPages reads index.html; files may be nil.
func newPages(files fs.FS) (*pages, error) {
	p := &pages{files: files, first: unbuilt}
	if files != nil {
		index, err := fs.ReadFile(files, "index.html")
		switch {
		case err == nil:
			p.first = index
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("pages: %w", err)
		}
	}
	sum := sha256.Sum256(p.first)
	p.tag = `"` + hex.EncodeToString(sum[:8]) + `"`
	return p, nil
}

// index answers every screen with the one page, which asks the interface for what it
// shows. It may be kept, and has to be asked for again each time: the names of its
// assets are in it.
func (p *pages) index(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("feed"); name != "" {
		if _, err := media.ParseFeedID(name); err != nil {
			refuse(w, http.StatusNotFound, codeUnknownFeed, err.Error())
			return
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", p.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.first))
}

// asset answers what may be kept for ever.
func (p *pages) asset(w http.ResponseWriter, r *http.Request) {
	p.send(w, r, strings.TrimPrefix(r.URL.Path, "/"), "public, max-age=31536000, immutable")
}

// file answers the others beside index.html.
func (p *pages) file(w http.ResponseWriter, r *http.Request) {
	p.send(w, r, r.PathValue("file"), "no-cache")
}

// send answers a file, if there is one. fs.FS refuses names that climb.
func (p *pages) send(w http.ResponseWriter, r *http.Request, name, keep string) {
	if p.files == nil || strings.HasPrefix(name, ".") {
		refuse(w, http.StatusNotFound, codeNotFound, "there is nothing at this address")
		return
	}
	data, err := fs.ReadFile(p.files, name)
	if err != nil { // a folder, a name that climbs, or none
		refuse(w, http.StatusNotFound, codeNotFound, "there is nothing at this address")
		return
	}
	w.Header().Set("Cache-Control", keep)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data)) // the name gives the type
}
