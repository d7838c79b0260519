package access

import (
	"crypto/md5" // RFC 7616 names it; most RTSP clients speak nothing else
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of a new argon2id hash: RFC 9106 §4's second choice, for machines
// that have little memory to spare. 64 MiB and three passes take a school
// computer about a tenth of a second.
const (
	argonMemory  = 64 << 10 // KiB
	argonTime    = 3
	argonThreads = 1
	saltLen      = 16 // bytes, RFC 9106 §3.1
	tagLen       = 32 // bytes
)

// The highest cost a configured hash may have. Hashes come from the operator, so
// this guards against a typing error rather than an attack.
const (
	maxArgonMemory  = 1 << 20 // KiB: one GiB
	maxArgonTime    = 64
	maxArgonThreads = 64
)

// argonHash is a parsed argon2id hash in PHC form:
// $argon2id$v=19$m=65536,t=3,p=1$SALT$TAG, both in base64 without padding.
type argonHash struct {
	memory, time uint32
	threads      uint8
	salt, tag    []byte
}

// HashUser makes the stored form of a password: the argon2id hash for Basic and
// both Digest hashes. The user may watch until May says otherwise.
func HashUser(name, password string) User {
	h := argonHash{memory: argonMemory, time: argonTime, threads: argonThreads, salt: make([]byte, saltLen)}
	_, _ = rand.Read(h.salt) // never fails (crypto/rand)
	h.tag = h.compute(password, tagLen)
	return User{
		Name:     name,
		Password: h.String(),
		Digest: Digest{
			MD5:    hexMD5(name + ":" + Realm + ":" + password),
			SHA256: hexSHA256(name + ":" + Realm + ":" + password),
		},
	}
}

func (h *argonHash) compute(password string, n int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(n))
}

// matches takes about a tenth of a second of one core; see Rules for the bound.
func (h *argonHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password, len(h.tag)), h.tag) == 1
}

// String writes the hash in PHC form.
func (h *argonHash) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.memory, h.time, h.threads, enc.EncodeToString(h.salt), enc.EncodeToString(h.tag))
}

// parseHash reads the PHC form. It never panics, and refuses a cost that would
// stop the node.
func parseHash(s string) (*argonHash, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return nil, errors.New("it is not an argon2id hash ($argon2id$v=19$m=…,t=…,p=…$salt$hash)")
	}
	if parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, fmt.Errorf("argon2id version %q is not v=%d", parts[2], argon2.Version)
	}
	var h argonHash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return nil, fmt.Errorf("argon2id cost %q is not m=…,t=…,p=…", parts[3])
	}
	if h.time < 1 || h.time > maxArgonTime || h.threads < 1 || h.threads > maxArgonThreads ||
		h.memory < 8*uint32(h.threads) || h.memory > maxArgonMemory {
		return nil, fmt.Errorf("argon2id cost %q is outside of what we compute (m up to %d, t up to %d, p up to %d)",
			parts[3], maxArgonMemory, maxArgonTime, maxArgonThreads)
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(h.salt) < 8 {
		return nil, errors.New("the salt of the argon2id hash is cut or damaged")
	}
	if h.tag, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(h.tag) < 16 || len(h.tag) > 64 {
		return nil, errors.New("the end of the argon2id hash is cut or damaged")
	}
	return &h, nil
}

func hexMD5(s string) string {
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}

func hexSHA256(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
