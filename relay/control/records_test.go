package control

import (
	"bytes"
	"errors"
	"testing"
)

func TestAnAnswerComesInPartsAndIsWholeAgain(t *testing.T) {
	for _, size := range []int{0, 1, partSize, partSize + 1, 5*partSize - 1, MostAnswer} {
		answer := bytes.Repeat([]byte("records "), size/8+1)[:size]
		parts, err := Parts(answer)
		if err != nil || len(parts) > MostParts {
			t.Fatalf("%d bytes: %d parts, %v", size, len(parts), err)
		}
		var wire bytes.Buffer
		for _, p := range parts {
			if err := Write(&wire, &Message{Records: p}); err != nil {
				t.Fatal(err)
			}
		}
		var got []byte
		for more := true; more; {
			m, err := Read(&wire)
			if err != nil || m.Records == nil {
				t.Fatalf("%d bytes: %v, %v", size, m, err)
			}
			got, more = append(got, m.Records.Part...), m.Records.More
		}
		if !bytes.Equal(got, answer) || wire.Len() != 0 {
			t.Errorf("%d bytes: %d came, %d were left", size, len(got), wire.Len())
		}
	}
	if _, err := Parts(make([]byte, MostAnswer+1)); !errors.Is(err, ErrMessage) {
		t.Errorf("more than fits: %v", err)
	}
}

func TestRecordsThatCannotBeAreRefused(t *testing.T) {
	for name, r := range map[string]*Records{
		"a position below zero":   {Ask: &Position{Epoch: -1}},
		"news below zero":         {News: &Position{Rev: -1}},
		"a number of revocations": {News: &Position{Revoked: -1}},
		"a part that is too long": {Part: make([]byte, partSize+1)},
	} {
		var wire bytes.Buffer
		if err := Write(&wire, &Message{Records: r}); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&wire); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
