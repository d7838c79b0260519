package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"
)

func someToken() Token {
	return Token{
		Hash: sha256.Sum256([]byte("secret")), School: "s012", Role: "school",
		Made: noon(), Expires: noon().Add(24 * time.Hour),
	}
}

func TestATokenIsTakenOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		k := someToken()
		must(t, s.AddToken(t.Context(), k))
		got, err := s.TakeToken(t.Context(), k.Hash, "s012-box", noon().Add(time.Minute))
		must(t, err)
		k.UsedBy, k.UsedAt = "s012-box", noon().Add(time.Minute)
		if got != k {
			t.Errorf("got %+v, want %+v", got, k)
		}
		again, err := s.TakeToken(t.Context(), k.Hash, "thief", noon().Add(2*time.Minute))
		if !errors.Is(err, ErrTokenUsed) || again.UsedBy != "s012-box" {
			t.Errorf("the second got %+v, %v", again, err)
		}
		list, err := s.Tokens(t.Context())
		must(t, err)
		if !reflect.DeepEqual(list, []Token{k}) {
			t.Errorf("the list is %+v", list)
		}
	})
}

func TestATokenThatIsNotGoodIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		k := someToken()
		must(t, s.AddToken(t.Context(), k))
		if _, err := s.TakeToken(t.Context(), sha256.Sum256([]byte("guess")), "n", noon()); !errors.Is(err, ErrNoToken) {
			t.Errorf("a guessed one: %v", err)
		}
		if _, err := s.TakeToken(t.Context(), k.Hash, "n", k.Expires); !errors.Is(err, ErrTokenExpired) {
			t.Errorf("an old one: %v", err)
		}
		if err := s.AddToken(t.Context(), k); err == nil {
			t.Error("the same token was added twice")
		}
		if _, err := s.TakeToken(t.Context(), k.Hash, "n", k.Expires.Add(-time.Millisecond)); err != nil {
			t.Errorf("in time, after the others: %v", err)
		}
	})
}

func TestOfManyTakersOneWins(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		k := someToken()
		must(t, s.AddToken(t.Context(), k))
		const takers = 16
		results := make(chan error, takers)
		var wg sync.WaitGroup
		for i := range takers {
			wg.Go(func() { // ends with its one call
				_, err := s.TakeToken(t.Context(), k.Hash, fmt.Sprintf("n%d", i), noon())
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrTokenUsed):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}
