package console

import (
	"net/http"
	"slices"
	"testing"

	"github.com/classrelay/classrelay/relay/access"
)

func TestWhoMayTurnAClass(t *testing.T) {
	d := newDesk(t, opened(), who("teacher", access.RightPush), who("pupil", access.RightWatch))
	tests := []struct {
		name, path, body string
		change           []func(r *http.Request)
		status           int
		code             string
	}{
		{"a guest", "maths", `{"main":"banpo"}`, nil, 401, "login"},
		{"who may only watch", "maths", `{"main":"banpo"}`, one(withToken(d.token("pupil"))), 403, "forbidden"},
		{"who may push", "maths", `{"main":"banpo","floor":"xihe"}`, one(withToken(d.token("teacher"))), 202, ""},
		{"a class that is not there", "arts", `{"main":"banpo"}`, one(withToken(d.token("teacher"))), 409, "bad-class"},
		{"no JSON", "maths", `banpo`, one(withToken(d.token("teacher"))), 400, "bad-request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change := append([]func(r *http.Request){asJSON(tt.body)}, tt.change...)
			wants(t, d.ask(pupil, http.MethodPost, "/api/v1/classes/"+tt.path, change...), tt.status, tt.code)
		})
	}
	if want := []string{"banpo xihe"}; !slices.Equal(d.node.turned, want) {
		t.Errorf("the node was asked for %q, not %q", d.node.turned, want)
	}
}
