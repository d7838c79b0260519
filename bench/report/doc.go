// Package report writes the result of a bench in the forms that others read: a page
// for people, lines for pipes, a table for spreadsheets, a file for CI.
//
//	WriteHTML   one file that needs nothing else: pictures, verdicts, Chinese and
//	            English; printed it is the record a line is accepted with
//	WriteCSV    a row per run and figure
//	WriteJUnit  a suite per scenario and a case per rule
//	Stream      a line of JSON a second, one per run, one for the verdict
//
// All of them are made of scenario.Report, the JSON of a bench, so that a page can
// be drawn again from a file that was kept.
//
// From the report to the page: view.go chooses what is shown, latency.go, strips.go
// and bullet.go draw, words.go has everything that is said in both languages, and
// page.html puts it together. The pictures are SVG stretched to whatever width the
// screen has; what is written in them is text of the page, which is not stretched.
package report
