package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/classrelay/classrelay/bench/scenario"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// WriteHTML writes the report as one page that needs no network: verdicts, pictures
// and tables in Chinese and English, for screens wide and narrow, light and dark,
// and for paper.
func WriteHTML(w io.Writer, r *scenario.Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"say":   say,
		"zh":    func(key string) string { return words[key].zh }, // where there is no room for both
		"en":    func(key string) string { return words[key].en },
		"known": known,
		"value": value,
		"unit":  unitOf,
		"num":   number,
		"css":   func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // our own file
		"js":    func() template.JS { return template.JS(pageJS) },    //nolint:gosec // our own file
		"seeds": seedWords,
	}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return t.Execute(w, newPage(r))
}

// seedWords lists seeds.
func seedWords(seeds []uint64) template.HTML {
	parts := make([]template.HTML, len(seeds))
	for i, s := range seeds {
		parts[i] = template.HTML(fmt.Sprint(s)) //nolint:gosec // a number
	}
	return list(parts)
}
