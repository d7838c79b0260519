package console

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// policy lets a page load and run what comes from this node and nothing else, in no
// frame, and make no script out of a text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
	"media-src 'self' blob:; connect-src 'self'%s; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// policyFor is the policy with the place of the WebSockets, which 'self' does not cover in
// every browser. A host that could be more than a host is left out.
func policyFor(r *http.Request) string {
	scheme := " ws://"
	if encrypted(r) {
		scheme = " wss://"
	}
	for _, c := range r.Host {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]", c) {
			return fmt.Sprintf(policy, "")
		}
	}
	return fmt.Sprintf(policy, scheme+r.Host)
}

// bodyWithin bounds how long the body of a request may take: an offer or a login is a few
// kilobytes. Who sends one byte a minute would keep his connection for ever.
const bodyWithin = 10 * time.Second

// guard puts the headers of every answer, and refuses what the page of another site
// sends in the name of a visitor: a cookie, or the visitor's address, would be taken
// for his own will.
func guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, codeCrossOrigin, "this request comes from the page of another site")
	}))
	inner := origins.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyFor(r))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers without frame-ancestors
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy",
			"camera=(self), microphone=(self), geolocation=(), payment=(), usb=(), display-capture=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // pages.go allows what may be kept
		if r.ContentLength != 0 {
			// A transport without deadlines is one of a test.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin))
		}
		inner.ServeHTTP(w, r)
	})
}

// sameOrigin tells whether a request comes from this node's own pages, or from no page
// at all. Browsers let any page open a WebSocket to anywhere, and say where the page
// is from (RFC 6455 §4.1).
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// isUpgrade tells whether a request wants to become something else, as a WebSocket.
func isUpgrade(r *http.Request) bool {
	return len(r.Header.Values("Upgrade")) > 0
}

// encrypted tells whether what is sent can be read on the way. A web server on this
// machine that passes requests on says how it got them.
func encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && at.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-Proto") == "https"
}
