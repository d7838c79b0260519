package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder fills a Config, or a Plan, from the tree of a YAML file. The YAML library could do
// it alone, but it stops at the first problem, and forgets where a value stood
// whose type reads itself; an operator gets all of them with their places.
type decoder struct {
	at       map[string]*token.Position // where each key stands
	problems []Problem
}

// decode reads data into what to points at. What could be read is there even when there
// are problems.
func decode(data []byte, to any) *decoder {
	d := &decoder{at: make(map[string]*token.Position)}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		d.syntax(err)
		return d
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		d.problems = append(d.problems, Problem{What: "the file is empty"})
		return d
	}
	if len(file.Docs) > 1 {
		d.problem(file.Docs[1].Start, "", "a second document begins here: one file is one node, or one county")
		return d
	}
	d.value(file.Docs[0].Body, reflect.ValueOf(to).Elem(), "")
	return d
}

// syntax reports an error of the YAML library, which knows its place.
func (d *decoder) syntax(err error) {
	if e, ok := err.(yaml.Error); ok { //nolint:errorlint // an interface of the library, never wrapped by it
		d.problem(e.GetToken(), "", strings.ReplaceAll(e.GetMessage(), "\n", " "))
		return
	}
	d.problems = append(d.problems, Problem{What: err.Error()})
}

func (d *decoder) problem(at *token.Token, key, what string) {
	p := Problem{Key: key, What: what}
	if at != nil && at.Position != nil {
		p.Line, p.Column = at.Position.Line, at.Position.Column
	}
	d.problems = append(d.problems, p)
}

// value reads a node into v, whose key is path.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	d.at[path] = n.GetToken().Position
	if n.Type() == ast.NullType {
		return // a key without a value is one left out
	}
	setter, readsText := v.Addr().Interface().(encoding.TextUnmarshaler)
	text, isScalar := scalarText(n)
	switch {
	case readsText && isScalar:
		if err := setter.UnmarshalText([]byte(text)); err != nil {
			d.problem(n.GetToken(), path, err.Error())
		}
	case v.Kind() == reflect.Struct:
		d.fields(n, v, path)
	case v.Kind() == reflect.Map:
		d.entries(n, v, path)
	case v.Kind() == reflect.Slice:
		d.elements(n, v, path)
	case !isScalar:
		d.problem(n.GetToken(), path, "one value is wanted here, not a list or keys")
	case v.Kind() == reflect.Bool:
		d.boolean(n, v, path)
	default:
		v.SetString(text)
	}
}

// scalarText is a single value as it was written: a hash of digits alone stays
// what it is. Anchors, aliases and tags are not values here.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (d *decoder) boolean(n ast.Node, v reflect.Value, path string) {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		d.problem(n.GetToken(), path, fmt.Sprintf("%q is not true or false", n.GetToken().Value))
		return
	}
	v.SetBool(b.Value)
}

func (d *decoder) fields(n ast.Node, v reflect.Value, path string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.problem(n.GetToken(), path, "keys are wanted here: "+strings.Join(knownKeys(v.Type()), ", "))
		return
	}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken()
		field, known := fieldOf(v, key.Value)
		if !known {
			d.problem(key, path, fmt.Sprintf("unknown key %q (known here: %s)",
				key.Value, strings.Join(knownKeys(v.Type()), ", ")))
			continue
		}
		d.value(it.Value(), field, join(path, key.Value))
	}
}

func (d *decoder) entries(n ast.Node, v reflect.Value, path string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.problem(n.GetToken(), path, "names with what belongs to them are wanted here, as in NAME: {…}")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken()
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(it.Value(), elem, join(path, key.Value))
		d.at[join(path, key.Value)] = key.Position
		v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), elem)
	}
}

func (d *decoder) elements(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.problem(n.GetToken(), path, "a list is wanted here, as in [one, two]")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, e := range seq.Values {
		d.value(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

// place gives a problem the position of its key, or of the nearest one above.
func (d *decoder) place(p Problem) Problem {
	for key := p.Key; ; {
		if at := d.at[key]; at != nil {
			p.Line, p.Column = at.Line, at.Column
			return p
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return p
		}
		key = key[:cut]
	}
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && keyOf(f) == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func knownKeys(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		if f.IsExported() {
			keys = append(keys, keyOf(f))
		}
	}
	return keys
}

func keyOf(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
