package enrol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	var b bytes.Buffer
	token := NewToken()
	ask := &Ask{Token: token[:], Name: "s012-2", Request: []byte{1, 2}, Software: "v1", Now: time.Unix(1, 0).UTC()}
	if err := WriteAsk(&b, ask); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadAsk(&b); err != nil || !bytes.Equal(got.Token, ask.Token) || got.Name != ask.Name || !got.Now.Equal(ask.Now) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := WriteAnswer(&b, refuse(time.Unix(2, 0), &Refusal{ReasonUsed, "used"})); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadAnswer(&b); err != nil || got.Refused.Reason != ReasonUsed {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMessagesThatAreNotTaken(t *testing.T) {
	message := func(body string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	for name, b := range map[string][]byte{
		"nothing":              nil,
		"half a length":        {0, 0},
		"empty":                message(""),
		"a gigabyte":           {0x40, 0, 0, 0},
		"shorter than it says": message("{}")[:5],
		"no JSON":              message("hello"),
		"a short token":        message(`{"token":"AAAA"}`),
		"larger than allowed":  message(`{"name":"` + strings.Repeat("x", maxAsk) + `"}`),
	} {
		if a, err := ReadAsk(bytes.NewReader(b)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	for name, body := range map[string]string{
		"neither": `{}`,
		"both":    `{"certificate":"AAAA","refused":{"reason":"busy"}}`,
	} {
		if a, err := ReadAnswer(bytes.NewReader(message(body))); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if err := WriteAsk(&bytes.Buffer{}, &Ask{Name: strings.Repeat("x", maxAsk)}); !errors.Is(err, ErrMessage) {
		t.Errorf("one that is too large is sent: %v", err)
	}
}

func FuzzReadAsk(f *testing.F) {
	var b bytes.Buffer
	if err := WriteAsk(&b, &Ask{Token: make([]byte, 16), Request: []byte{0x30}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{0, 0, 0, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ReadAsk(bytes.NewReader(b))
		if err == nil && len(a.Token) != 0 && len(a.Token) != len(Token{}) {
			t.Errorf("a token of %d bytes", len(a.Token))
		}
	})
}

func FuzzReadAnswer(f *testing.F) {
	var b bytes.Buffer
	if err := WriteAnswer(&b, &Answer{Certificate: []byte{0x30}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ReadAnswer(bytes.NewReader(b))
		if err != nil {
			return
		}
		if _, err := (&asked{answer: a}).certificate(); err == nil && a.Refused != nil {
			t.Error("a refusal has a certificate")
		}
	})
}
