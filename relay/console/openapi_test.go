package console

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

func readDescription(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDescriptionIsOpenAPIAndItsExamplesFit(t *testing.T) {
	doc := readDescription(t)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("it is OpenAPI %s", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	examples := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, resp := range op.Responses.Map() {
				for kind, content := range resp.Value.Content {
					if content.Example == nil {
						continue
					}
					examples++
					if err := fits(content.Schema.Value, content.Example); err != nil {
						t.Errorf("%s %s %s %s: %v", method, path, status, kind, err)
					}
				}
			}
		}
	}
	if examples < 4 {
		t.Errorf("%d examples", examples)
	}
}

func fits(schema *openapi3.Schema, v any) error {
	return schema.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors())
}

// described are the paths of other packages on the same mux.
func described() []string {
	return []string{
		"POST /whep/{feed}", "DELETE /whep-session/{id}", "POST /whip/{feed}", "DELETE /whip-session/{id}", "GET /mse/{feed}",
	}
}

func TestEveryAddressIsDescribedAndNoOther(t *testing.T) {
	d := newDesk(t, opened())
	want := described()
	for _, r := range d.api() {
		want = append(want, r.method+" "+strings.ReplaceAll(r.path, "...}", "}"))
	}
	var got []string
	for path, item := range readDescription(t).Paths.Map() {
		for method := range item.Operations() {
			got = append(got, method+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("described is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What the server really answers is what the description says.
func TestAnswersAreAsDescribed(t *testing.T) {
	d := newDesk(t, opened(), who("li"))
	for _, c := range everyChange() {
		d.journal.Note(time.Unix(1e9, 0), c)
	}
	d.node.set(func(f *Feed) { f.Online, f.Cause, f.Reason = false, CauseUnreachable, "no route to host" })
	for i := range 10 {
		d.look(time.Now().Add(time.Duration(i) * time.Second))
	}
	doc := readDescription(t)
	tests := []struct {
		method, path, described string
		status                  string
		change                  []func(r *http.Request)
	}{
		{"GET", "/api/v1/status", "/api/v1/status", "200", nil},
		{"GET", "/api/v1/status", "/api/v1/status", "200", one(withToken(d.token("li")))},
		{"GET", "/api/v1/feeds", "/api/v1/feeds", "200", nil},
		{"GET", "/api/v1/feeds/yinshan/class-3", "/api/v1/feeds/{feed}", "200", nil},
		{"GET", "/api/v1/feeds/room-101", "/api/v1/feeds/{feed}", "200", nil},
		{"GET", "/api/v1/feeds/room-999", "/api/v1/feeds/{feed}", "default", nil},
		{"GET", "/api/v1/links", "/api/v1/links", "200", nil},
		{"GET", "/api/v1/history", "/api/v1/history", "200", nil},
		{"GET", "/api/v1/log", "/api/v1/log", "200", nil},
		{"GET", "/api/v1/classes", "/api/v1/classes", "200", nil},
		{"POST", "/api/v1/classes/arts", "/api/v1/classes/{class}", "default", one(asJSON(`{"main":"banpo"}`))},
		{"GET", "/api/v1/session", "/api/v1/session", "200", nil},
		{"GET", "/api/v1/snapshot/room-101", "/api/v1/snapshot/{feed}", "default", nil},
		{"GET", "/api/v1/keyframe/room-101", "/api/v1/keyframe/{feed}", "default", nil},
		{"POST", "/api/v1/login", "/api/v1/login", "default", one(asJSON(`{"user":"li","password":"x"}`))},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			resp := d.ask(pupil, tt.method, tt.path, tt.change...)
			if ok := resp.Status < 400; ok != (tt.status == "200") {
				t.Fatalf("status %d: %s", resp.Status, resp.Body)
			}
			op := doc.Paths.Find(tt.described).GetOperation(tt.method)
			content := op.Responses.Value(tt.status).Value.Content.Get(resp.Header.Get("Content-Type"))
			if content == nil {
				t.Fatalf("%s is not described", resp.Header.Get("Content-Type"))
			}
			var v any
			if err := json.Unmarshal([]byte(resp.Body), &v); err != nil {
				t.Fatal(err)
			}
			if err := fits(content.Schema.Value, v); err != nil {
				t.Errorf("%v\nin %s", err, resp.Body)
			}
		})
	}
}

// A test that could not fail would be of no use: what is not as described is seen.
func TestWhatIsNotAsDescribedIsSeen(t *testing.T) {
	schema := readDescription(t).Components.Schemas["Status"].Value
	good := `{"version":1,"node":"a","software":"b","since":"2026-03-02T06:58:00Z","now":"2026-03-02T06:58:00Z",` +
		`"feeds":[],"links":[],"players":[]}`
	for name, bad := range map[string]string{
		"another version":    strings.Replace(good, `"version":1`, `"version":2`, 1),
		"a field too few":    strings.Replace(good, `"software":"b",`, "", 1),
		"a field too many":   strings.Replace(good, `"node"`, `"hub":1,"node"`, 1),
		"null for a list":    strings.Replace(good, `"feeds":[]`, `"feeds":null`, 1),
		"a feed that is one": strings.Replace(good, `"feeds":[]`, `"feeds":[1]`, 1),
	} {
		var v any
		if err := json.Unmarshal([]byte(bad), &v); err != nil {
			t.Fatal(err)
		}
		if fits(schema, v) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	var v any
	if err := json.Unmarshal([]byte(good), &v); err != nil || fits(schema, v) != nil {
		t.Errorf("%v, %v", err, fits(schema, v))
	}
}

func TestTheDescriptionIsServed(t *testing.T) {
	resp := newDesk(t, opened()).ask(abroad, http.MethodGet, "/api/v1/openapi.yaml")
	if resp.Status != 200 || resp.Body != string(description) || resp.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v", resp.Status, resp.Header)
	}
}

func TestProblemCodesAreWords(t *testing.T) {
	word := regexp.MustCompile(`^[a-z-]+$`)
	for _, c := range everyChange() {
		if !word.MatchString(string(c.Code)) {
			t.Errorf("code %q", c.Code)
		}
	}
}
