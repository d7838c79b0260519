// Package strict reads the YAML files of the bench, scenarios and peers, and names
// the line of whatever is wrong: an unknown key, a value of the wrong kind, or one
// that the reader of the file does not like.
//
//	var doc document
//	f, err := strict.Read(name, data, &doc)
//	…
//	if doc.Title == "" {
//		f.Fail("$.title", "it is missing")
//	}
//	return thing, f.Err()
package strict

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Error is what is wrong in a file.
type Error struct {
	File string
	Line int // from one; 0 = not known
	What string
}

// Error writes FILE:LINE: WHAT, as compilers do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.What)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

// File is a file that was read. It keeps the first thing that is wrong in it.
type File struct {
	name string
	tree *ast.File
	err  error
}

// Read fills doc, a pointer to a struct, and refuses keys that it does not have. The
// library forgets where a value stood whose type reads itself, so such values are
// better text there. Name stands for the file in messages. Errors are of type *Error.
func Read(name string, data []byte, doc any) (*File, error) {
	tree, err := decode(data, doc)
	if err != nil {
		return nil, syntax(name, err)
	}
	return &File{name: name, tree: tree}, nil
}

// decode is the library's. It panics on a tag without a value where a list is wanted,
// as in "rules: !!seq"; found by fuzzing.
func decode(data []byte, doc any) (tree *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("a tag (! or !!) stands where a value is wanted: write the value itself")
		}
	}()
	if tree, err = parser.ParseBytes(data, 0); err != nil {
		return nil, err
	}
	return tree, yaml.UnmarshalWithOptions(data, doc, yaml.Strict())
}

// syntax takes the place out of an error of the YAML library.
func syntax(file string, err error) error {
	e := &Error{File: file, What: err.Error()}
	if y, ok := err.(yaml.Error); ok { //nolint:errorlint // an interface of the library, never wrapped by it
		e.What = strings.ReplaceAll(y.GetMessage(), "\n", " ")
		e.Line = lineOf(y.GetToken())
	}
	return e
}

// lineOf is where a piece of the file stands; 0 when the YAML library does not say.
func lineOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}

// Fail notes what is wrong with the value at a YAML path, as in $.rules[1]. Only the
// first one is kept.
func (f *File) Fail(at, what string) {
	if f.err != nil {
		return
	}
	e := &Error{File: f.name, What: strings.TrimPrefix(strings.TrimPrefix(at, "$"), ".") + ": " + what}
	if p, err := yaml.PathString(at); err == nil {
		if node, err := p.FilterFile(f.tree); err == nil {
			e.Line = lineOf(node.GetToken())
		}
	}
	f.err = e
}

// Err is the first thing that was wrong, of type *Error; nil when nothing was.
func (f *File) Err() error { return f.err }

// Name is what a thing in a file is called: the file's name without folder and ending.
func Name(file string) string {
	base := path.Base(filepath.ToSlash(file))
	return strings.TrimSuffix(base, path.Ext(base))
}
