package problem

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		name   string
		p      *Problem
		again  time.Duration
		codec  string
		status int
		retry  string
		body   string
	}{
		{
			"without a word", New(404, "unknown-feed", "No such feed", ""), 0, "", 404, "",
			`{"type":"/problems/unknown-feed","title":"No such feed","status":404,"code":"unknown-feed"}`,
		},
		{
			"that passes", New(503, "busy", "Busy", "too many"), 1500 * time.Millisecond, "", 503, "2",
			`{"type":"/problems/busy","title":"Busy","status":503,"detail":"too many","code":"busy"}`,
		},
		{
			"with a codec", New(406, "codec", "No", "not here"), 0, "H265", 406, "",
			`{"type":"/problems/codec","title":"No","status":406,"detail":"not here","code":"codec","codec":"H265"}`,
		},
	} {
		c.p.RetryAfter, c.p.Codec = c.again, c.codec
		w := httptest.NewRecorder()
		c.p.Write(w)
		h := w.Header()
		if w.Code != c.status || h.Get("Content-Type") != "application/problem+json" || h.Get("Retry-After") != c.retry ||
			w.Body.String() != c.body {
			t.Errorf("%s: %d %v %s", c.name, w.Code, h, w.Body)
		}
	}
}
