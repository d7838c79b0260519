package store

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The disk has failed under a part of the file. Who was shut out stays shut out.
func TestWhoWasRevokedStaysRevokedWhenTheFileIsDamaged(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
		all    bool
		says   string
	}{
		{
			"a page of the audit log was overwritten", func(t *testing.T, path string) { overwrite(t, path, size(t, path)-2*4096, 4096) },
			true, "3 certificates and 1 revocations were saved from it",
		},
		{
			"the end is missing, and that is the audit log", func(t *testing.T, path string) { must(t, os.Truncate(path, size(t, path)-3*4096)) },
			true, "3 certificates and 1 revocations were saved from it",
		},
		{
			"the first page was overwritten", func(t *testing.T, path string) { overwrite(t, path, 0, 4096) },
			false, "some may be lost",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := In(t.TempDir())
			s, err := Open(path)
			must(t, err)
			for i := range 3 {
				must(t, s.AddCert(t.Context(), Cert{
					Serial: fmt.Sprint(i), Node: fmt.Sprintf("s%d", i), Role: "school", Issued: noon(), Expires: noon().Add(90 * 24 * time.Hour),
				}))
			}
			_, err = s.RevokeNode(t.Context(), "s1", "stolen", noon())
			must(t, err)
			for range 100 {
				must(t, s.Audit(t.Context(), Event{At: noon(), Action: "fill", Object: strings.Repeat("x", 500)}))
			}
			must(t, s.Close())
			test.damage(t, path)

			s = open(t, path)
			if s.Damaged() == "" {
				t.Fatal("nobody has seen the damage")
			}
			if !strings.Contains(s.Saved(), test.says) || strings.Contains(s.Saved(), "lost") == test.all {
				t.Errorf("it says %q", s.Saved())
			}
			list := revoked(t, s)
			if got := len(list) == 1 && list[0].Serial == "1" && list[0].Node == "s1"; got != test.all {
				t.Errorf("revoked are %+v", list)
			}
			if _, err := s.RevokeNode(t.Context(), "s2", "stolen as well", noon()); (err == nil) != test.all {
				t.Errorf("another one: %v", err)
			}
		})
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}
