package store

import (
	"fmt"
	"os"
	"testing"
)

// benchStore is a store on a disk that each commit waits for.
func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(In(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if _, err := s.Begin(b.Context(), "bench"); err != nil {
		b.Fatal(err)
	}
	return s
}

// province puts 500 schools with four rooms and cameras each, and a class of ten
// schools for each ten.
func province(b *testing.B, s *Store) {
	b.Helper()
	for i := range 500 {
		school := fmt.Sprintf("s%03d", i)
		list := []Record{rec(TableSchool, school, `{"name":"鹰山中心小学","uplink_mbps":20}`)}
		for r := range 4 {
			room := fmt.Sprintf("%s/r%d", school, r)
			list = append(list, rec(TableRoom, room, `{"kind":"classroom"}`), rec(TableCamera, room+"/teacher",
				`{"url":"rtsp://10.0.0.5:554/Streaming/Channels/101","user":"admin","password":"hunter2","enabled":true}`))
		}
		class := fmt.Sprintf("k%02d", i/10)
		list = append(list, rec(TableClass, class, `{"subject":"music","mode":"1+N"}`), rec(TableMember, class+"/"+school, `{}`))
		if _, err := s.Put(b.Context(), list...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutOneRecord(b *testing.B) {
	s := benchStore(b)
	for i := range b.N {
		if _, err := s.Put(b.Context(), rec(TableCounty, "n", fmt.Sprintf(`{"n":%d}`, i))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAudit(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		if err := s.Audit(b.Context(), Event{At: noon(), Actor: "admin", Action: "x"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyAnEntry(b *testing.B) {
	s := benchStore(b)
	if _, err := s.write.Exec("PRAGMA synchronous = OFF"); err != nil {
		b.Fatal(err)
	}
	const entries = 2000
	for range entries {
		if err := s.Audit(b.Context(), Event{At: noon(), Actor: "admin", Action: "x"}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := s.VerifyAudit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/entry")
}

func BenchmarkProvince(b *testing.B) {
	s := benchStore(b)
	province(b, s)
	epoch, rev, err := s.Position(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("a school's slice", func(b *testing.B) { benchSince(b, s, 0, 0, "s250") })
	b.Run("nothing new for a school", func(b *testing.B) { benchSince(b, s, epoch, rev, "s250") })
	b.Run("all of it for a hub", func(b *testing.B) { benchSince(b, s, 0, 0, "") })
	b.Run("a hub takes it in", func(b *testing.B) {
		c, err := s.Since(b.Context(), 0, 0, "")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			b.StopTimer()
			hub, err := Open(In(b.TempDir()))
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if err := hub.Apply(b.Context(), c); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			_ = hub.Close()
			b.StartTimer()
		}
	})
	path := In(b.TempDir())
	if _, err := s.write.Exec("VACUUM INTO '" + path + "'"); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(path); err == nil {
		b.Logf("the file has %d KiB", info.Size()>>10)
	}
	b.Run("open and check it", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(path)
			if err != nil {
				b.Fatal(err)
			}
			_ = s.Close()
		}
	})
}

func benchSince(b *testing.B, s *Store, epoch, rev int64, slice string) {
	for b.Loop() {
		if _, err := s.Since(b.Context(), epoch, rev, slice); err != nil {
			b.Fatal(err)
		}
	}
}
