package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

func examples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../configs/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	return files
}

func TestExamplesAreRead(t *testing.T) {
	for _, file := range examples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if _, err := Load(file, Source{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEveryKeyStandsInAnExample(t *testing.T) {
	seen := make(map[string]bool)
	for _, file := range examples(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseBytes(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		note(tree.Docs[0].Body, reflect.TypeFor[Config](), "", seen)
	}
	for _, key := range keys(reflect.TypeFor[Config](), "") {
		if !seen[key] {
			t.Errorf("no file in configs/ shows %s", key)
		}
	}
}

// note marks the keys of a node, with NAME for what the operator names.
func note(n ast.Node, t reflect.Type, path string, seen map[string]bool) {
	seen[path] = true
	switch n := n.(type) {
	case ast.MapNode:
		for it := n.MapRange(); it.Next(); {
			key, elem := it.Key().GetToken().Value, t
			if t.Kind() == reflect.Map {
				key, elem = "NAME", t.Elem()
			} else if f, ok := field(t, key); ok {
				elem = f.Type
			}
			note(it.Value(), elem, join(path, key), seen)
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			note(v, t.Elem(), path+"[]", seen)
		}
	}
}

// keys lists every key there is.
func keys(t reflect.Type, path string) (list []string) {
	switch {
	case t.Kind() == reflect.Map:
		return keys(t.Elem(), join(path, "NAME"))
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && len(knownKeys(t.Elem())) > 0:
		return keys(t.Elem(), path+"[]")
	case t.Kind() == reflect.Struct && len(knownKeys(t)) > 0:
		for f := range t.Fields() {
			list = append(list, keys(f.Type, join(path, keyOf(f)))...)
		}
		return list
	}
	return []string{path}
}

func field(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if keyOf(f) == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func TestKeysAreInSnakeCase(t *testing.T) {
	for _, key := range keys(reflect.TypeFor[Config](), "") {
		if trimmed := strings.ReplaceAll(key, "NAME", "name"); trimmed != strings.ToLower(trimmed) || strings.Contains(key, "-") {
			t.Errorf("key %q is not in snake_case", key)
		}
	}
}
