package webrtc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/classrelay/classrelay/relay/problem"
)

func TestNodeWithoutWebRTCSaysSo(t *testing.T) {
	mux := http.NewServeMux()
	RegisterOff(mux)
	for _, path := range []string{"/whep/room-1", "/whip/school/class-3"} {
		res := httptest.NewRecorder()
		mux.ServeHTTP(res, httptest.NewRequest(http.MethodPost, path, http.NoBody))
		var got problem.Problem
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if res.Code != http.StatusNotFound || got.Code != "webrtc-off" {
			t.Errorf("%s: %d %+v", path, res.Code, got)
		}
	}
}
