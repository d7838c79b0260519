package county

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Listed waits until the province lists the feeds of all schools, and tells whether it
// did before ctx ended.
func (c *County) Listed(ctx context.Context) bool {
	const every = 50 * time.Millisecond
	for ctx.Err() == nil {
		if c.listed(ctx) {
			return true
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
	return false
}

// listed asks once.
func (c *County) listed(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Pages(province)+"api/v1/feeds", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false // not up yet
	}
	defer func() { _ = answer.Body.Close() }()
	var list struct {
		Feeds []struct {
			ID media.FeedID `json:"id"`
		} `json:"feeds"`
	}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&list) != nil {
		return false
	}
	there := make(map[media.FeedID]bool)
	for _, f := range list.Feeds {
		there[f.ID] = true
	}
	for _, s := range c.Schools() {
		if !there[feedOf(s)] {
			return false
		}
	}
	return true
}
