package report

import (
	"encoding/json"
	"github.com/classrelay/classrelay/bench/scenario"
	"os"
	"testing"
)

func TestDev(t *testing.T) {
	in := os.Getenv("REP_IN")
	if in == "" {
		t.Skip()
	}
	b, _ := os.ReadFile(in)
	var r scenario.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	f, _ := os.Create(os.Getenv("REP_OUT"))
	defer f.Close()
	if err := WriteHTML(f, &r); err != nil {
		t.Fatal(err)
	}
}
