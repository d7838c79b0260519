// Package web holds the pages that a node shows in a browser, as Vite has built them
// into dist. Without that (`make web`) the folder is empty but for a placeholder, and
// the node shows a page of its own that says how to build them.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Pages is the folder with index.html and assets.
func Pages() fs.FS {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist // cannot be: the name is right
	}
	return pages
}
