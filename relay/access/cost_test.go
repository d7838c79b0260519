package access

import (
	"encoding/base64"
	"runtime"
	"strconv"
	"testing"
)

// Who tries names learns nothing from how long the answer takes: argon2id runs for a name
// that nobody has as for a wrong password. Its memory shows that without a clock.
func TestAnUnknownNameCostsAsMuchAsAWrongPassword(t *testing.T) {
	const memory = 8 << 20 // bytes
	salt := base64.RawStdEncoding.EncodeToString([]byte("0123456789abcdef"))
	tag := base64.RawStdEncoding.EncodeToString(make([]byte, 32)) // of no password
	rules := mustNew(t, Config{}, User{Name: "li", Password: "$argon2id$v=19$m=8192,t=1,p=1$" + salt + "$" + tag})
	cost := func(i int, name string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if e := rules.Enter(typed("192.0.2."+strconv.Itoa(i), name, "guess")); e.Allowed || e.Busy || e.Wait > 0 {
			t.Fatalf("%s: %+v", name, e)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for i, name := range []string{"li", "wang", "", "li ", "LI"} {
		if got := cost(i+1, name); got < memory || got > memory+memory/8 {
			t.Errorf("a login as %q takes %d bytes, want %d", name, got, memory)
		}
	}
}
