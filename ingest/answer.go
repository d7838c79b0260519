package ingest

import (
	"bytes"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// maxRedirects is how often a camera may send us elsewhere before we stop.
const maxRedirects = 3

// answers looks at every response before gortsplib's client does, and makes it fit
// to be read: it is the client's OnResponse. Its fields are valid once the client
// is closed, or the request answered.
type answers struct {
	allowBasic bool

	basicOnly bool     // the camera wanted the password in clear, and did not get it
	asked     bool     // the camera wanted a login
	aside     []string // what was left out of the description
	redirects int
}

func (a *answers) look(res *base.Response) {
	switch {
	case res.StatusCode == base.StatusUnauthorized:
		a.asked = true
		if !a.allowBasic {
			a.dropBasic(res)
		}
	case res.StatusCode >= base.StatusMovedPermanently && res.StatusCode <= base.StatusUseProxy:
		if a.redirects++; a.redirects > maxRedirects {
			delete(res.Header, "Location") // gortsplib would follow forever
		}
	case res.StatusCode == base.StatusOK && len(res.Body) > 0:
		a.mend(res)
	}
}

// dropBasic takes every challenge away that is not certainly a Digest, so that the
// client has no way to send the password.
func (a *answers) dropBasic(res *base.Response) {
	const name = "WWW-Authenticate"
	var kept base.HeaderValue
	for _, v := range res.Header[name] {
		var h headers.Authenticate
		isDigest := len(v) >= 6 && strings.EqualFold(v[:6], "digest")
		if isDigest && h.Unmarshal(base.HeaderValue{v}) == nil && h.Method == headers.AuthMethodDigest {
			kept = append(kept, v)
			continue
		}
		if len(v) >= 5 && strings.EqualFold(v[:5], "basic") {
			a.basicOnly = true
		}
	}
	if len(kept) > 0 {
		a.basicOnly = false
	}
	res.Header[name] = kept
}

// mend makes the description readable, and its type the one that gortsplib expects.
func (a *answers) mend(res *base.Response) {
	const name, want = "Content-Type", "application/sdp"
	ct := res.Header[name]
	named := len(ct) == 1 && strings.HasPrefix(strings.ToLower(ct[0]), want)
	if !named && !bytes.HasPrefix(res.Body, []byte("v=")) {
		return
	}
	res.Header[name] = base.HeaderValue{want}
	res.Body, a.aside = mendSDP(res.Body)
}
