package store

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sealKey is a key of AES-256-GCM and the name it goes by in sealed texts.
type sealKey struct {
	id   string
	aead cipher.AEAD
}

// sealKeys are the keys of a machine. The first one seals, each opens what it sealed.
type sealKeys []sealKey

const (
	sealVersion = "v1"
	sealKeyLen  = 32 // bytes: AES-256
)

// readSealKeys reads a file of keys, one a line in base64. To change the key, put a new
// line before the first one; the old one can go when nothing is sealed with it any more.
func readSealKeys(path string) (sealKeys, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys sealKeys
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != sealKeyLen {
			return nil, fmt.Errorf("%s: line %d is no key: %d bytes in base64", path, len(keys)+1, sealKeyLen)
		}
		key, err := newSealKey(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	return keys, nil
}

// readOrMakeSealKeys makes a first key when there is no file.
func readOrMakeSealKeys(path string) (sealKeys, error) {
	keys, err := readSealKeys(path)
	if !errors.Is(err, os.ErrNotExist) {
		return keys, err
	}
	if err := makeSealKey(path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	return readSealKeys(path) // ours, or that of a process that was quicker
}

// makeSealKey writes a new key beside path and puts it in place in one step, which
// fails with os.ErrExist when somebody was quicker.
func makeSealKey(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the linked name stays
	raw := make([]byte, sealKeyLen)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func newSealKey(raw []byte) (sealKey, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return sealKey{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealKey{}, err
	}
	sum := sha256.Sum256(append([]byte("classrelay seal key\n"), raw...))
	return sealKey{hex.EncodeToString(sum[:4]), aead}, nil
}

// place is where a secret belongs. It is sealed together with it, so that a sealed text
// that somebody moves to another record does not open.
type place struct{ table, key, field string }

func (p place) String() string { return p.table + " " + p.key + ": " + p.field }

// with is the associated data of a secret: each part with its length in front.
func (p place) with(keyID string) []byte {
	b := []byte("classrelay secret 1\n")
	for _, part := range []string{keyID, p.table, p.key, p.field} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}

// seal gives v1:KEY:TEXT, KEY the key's name and TEXT a random nonce of 12 bytes with
// the sealed secret, in base64 (NIST SP 800-38D; 2^32 random nonces are fine, a county
// has a thousand passwords).
func (k sealKeys) seal(p place, secret string) string {
	key := k[0]
	nonce := make([]byte, key.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	text := key.aead.Seal(nonce, nonce, []byte(secret), p.with(key.id))
	return sealVersion + ":" + key.id + ":" + base64.StdEncoding.EncodeToString(text)
}

// open gives the secret back.
func (k sealKeys) open(p place, sealed string) (string, error) {
	version, rest, _ := strings.Cut(sealed, ":")
	id, text, _ := strings.Cut(rest, ":")
	b, err := base64.StdEncoding.DecodeString(text)
	if version != sealVersion || err != nil {
		return "", fmt.Errorf("%v: %w: it is not sealed as %s", p, ErrSealed, sealVersion)
	}
	for _, key := range k {
		if key.id != id || len(b) < key.aead.NonceSize() {
			continue
		}
		nonce, body := b[:key.aead.NonceSize()], b[key.aead.NonceSize():]
		opened, err := key.aead.Open(nil, nonce, body, p.with(id))
		if err != nil {
			return "", fmt.Errorf("%v: %w: it was changed, or belongs to another record", p, ErrSealed)
		}
		return string(opened), nil
	}
	return "", fmt.Errorf("%v: %w: the key %s is not in the key file: bring the file back, or type the secret again",
		p, ErrSealed, id)
}
