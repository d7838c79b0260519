package control

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// recorded is what an earlier version has put on its control streams: one message a
// line, every kind and every field that it knew. The files are named after the commit.
// A line is never changed; a new version gets a file with what is new in it.
func recorded(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	all := make(map[string][]string)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			all[filepath.Base(name)] = append(all[filepath.Base(name)], lines.Text())
		}
		_ = f.Close()
		if lines.Err() != nil || len(all[filepath.Base(name)]) == 0 {
			t.Fatalf("%s: %v", name, lines.Err())
		}
	}
	return all
}

// onTheWire is a message as Read wants it.
func onTheWire(body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + body
}

func TestWhatEarlierVersionsSayIsUnderstoodInFull(t *testing.T) {
	for file, lines := range recorded(t) {
		for _, line := range lines {
			m, err := Read(strings.NewReader(onTheWire(line)))
			if err != nil {
				t.Errorf("%s: %v in\n%s", file, err, line)
				continue
			}
			again, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			var was, is any
			if err := json.Unmarshal([]byte(line), &was); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(again, &is); err != nil {
				t.Fatal(err)
			}
			if lost := missing("", was, is); len(lost) > 0 {
				t.Errorf("%s: %q is lost of\n%s", file, lost, line)
			}
		}
	}
}

// missing lists what stands in one JSON value and not in the other. That more stands in
// the other is fine: those are fields that came later and are always written.
func missing(path string, was, is any) (lost []string) {
	switch was := was.(type) {
	case map[string]any:
		is, _ := is.(map[string]any)
		for k, v := range was {
			lost = append(lost, missing(path+"."+k, v, is[k])...)
		}
	case []any:
		is, _ := is.([]any)
		if len(is) != len(was) {
			return []string{path}
		}
		for i := range was {
			lost = append(lost, missing(path, was[i], is[i])...)
		}
	default:
		if !reflect.DeepEqual(was, is) {
			lost = append(lost, path)
		}
	}
	return lost
}

// A node meets later versions, too. What it does not know it passes over.
func TestWhatLaterVersionsAddIsPassedOver(t *testing.T) {
	for file, lines := range recorded(t) {
		for _, line := range lines {
			want, err := Parse([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			var v any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			later, err := json.Marshal(added("", v))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(later), "from_later") < 2 {
				t.Fatalf("nothing was added: %s", later)
			}
			got, err := Parse(later)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v\n%s\nis read as %+v", file, err, later, got)
			}
		}
	}
	m, err := Parse([]byte(`{"directory":{"streams":[1,2,3]}}`))
	if err != nil || !reflect.DeepEqual(m, &Message{}) {
		t.Errorf("a kind of message that comes later: %+v, %v", m, err)
	}
}

// names are objects whose keys are names of something, so that nothing can be added.
var names = map[string]bool{"tracks": true, "fmtp": true, "rooms": true}

// added puts a field into every object.
func added(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			v[k] = added(k, inner)
		}
		if !names[key] {
			v["from_later"] = map[string]any{"a": []any{1, "b"}}
		}
	case []any:
		for i := range v {
			v[i] = added("", v[i])
		}
	}
	return v
}
