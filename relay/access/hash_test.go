package access

import (
	"strings"
	"testing"
)

// reference is a test vector of the algorithm's authors: what their command line
// tool prints for: printf password | argon2 somesalt -id -t 2 -k 65536 -p 1 -e
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestHashUserMatchesItsPasswordOnly(t *testing.T) {
	u := HashUser("li", "geheim")
	if err := u.Validate(); err != nil {
		t.Fatal(err)
	}
	h, err := parseHash(u.Password)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches("geheim") || h.matches("Geheim") || h.matches("") {
		t.Error("the hash matches another password, or not its own")
	}
	if h.String() != u.Password {
		t.Errorf("written back it is %s, was %s", h, u.Password)
	}
	if again := HashUser("li", "geheim"); again.Password == u.Password || again.Digest != u.Digest {
		t.Error("two hashes of one password share the salt, or differ in the digests")
	}
}

func TestParseHashAgreesWithTheReference(t *testing.T) {
	h, err := parseHash(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches("password") {
		t.Error("the reference hash does not match its password")
	}
}

func TestParseHashRefuses(t *testing.T) {
	tests := []struct{ name, hash, want string }{
		{"bcrypt", "$2y$05$abcdefghijklmnopqrstuv", "not an argon2id hash"},
		{"argon2i", strings.Replace(reference, "argon2id", "argon2i", 1), "not an argon2id hash"},
		{"an old version", strings.Replace(reference, "v=19", "v=16", 1), "v=19"},
		{"a cost that is none", strings.Replace(reference, "t=2", "t=x", 1), "is not m="},
		{"no passes", strings.Replace(reference, "t=2", "t=0", 1), "outside"},
		{"no threads", strings.Replace(reference, "p=1", "p=0", 1), "outside"},
		{"all the memory there is", strings.Replace(reference, "m=65536", "m=4294967295", 1), "outside"},
		{"a short salt", strings.Replace(reference, "c29tZXNhbHQ", "c29t", 1), "salt"},
		{"a cut end", reference[:60], "end of the argon2id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseHash(tt.hash); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(reference)
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHash(s)
		if err != nil {
			return
		}
		if _, err := parseHash(h.String()); err != nil {
			t.Errorf("%q is read, but %q is not: %v", s, h, err)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h, err := parseHash(HashUser("li", "geheim").Password)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h.matches("geheim")
	}
}
