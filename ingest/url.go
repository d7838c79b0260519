package ingest

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// parseURL reads a camera's URL. Its errors never quote the URL, which may hold
// the password.
func parseURL(s string) (*base.URL, error) {
	if s == "" {
		return nil, fmt.Errorf("%w: it is empty", ErrURL)
	}
	u, err := base.ParseURL(s)
	if err != nil {
		return nil, fmt.Errorf("%w: it must read rtsp://user:password@host:port/path; "+
			"in a password write %%23 for #, %%2F for /, %%3F for ?, %%25 for %%", ErrURL)
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("%w: it names no host", ErrURL)
	}
	return u, nil
}
