package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

const (
	// answerWithin bounds one question: three levels up and down over slow lines.
	answerWithin = 2 * time.Second
	// rememberFor is how long an answer holds, also that there is none: a class of
	// forty that opens one feed asks once.
	rememberFor = time.Second
	// mostWays is how many ways one answer gives: the second is for the day the first
	// one fails, more are of no use.
	mostWays = 4
	// mostAsked bounds what is remembered.
	mostAsked = 1024
)

// question asks where a feed is. asked are the nodes that have been asked already.
type question struct {
	Feed  media.FeedID `json:"feed"`
	Asked []string     `json:"asked"`
}

// reply is the answer: ways to the feed, which end at the node that answers.
type reply struct {
	Ways []Way `json:"ways"`
}

// asked are questions under way and answers of the last second.
type asked map[media.FeedID]*answer

// answer is one of them. Its fields are written before done is closed, and read after.
type answer struct {
	done chan struct{}
	at   time.Time
	ways []Way
	err  error
}

// Where lists the ways to a feed, best first, as this node knows them, or as its hub
// knows them, or the levels above. No ways and no error: nobody has it. Who asks for one
// feed at the same time shares one question.
func (d *Directory) Where(ctx context.Context, id media.FeedID) ([]Way, error) {
	d.mu.Lock()
	if ways := d.table.Where(id); len(ways) > 0 {
		d.mu.Unlock()
		return ways, nil
	}
	now := time.Now()
	a := d.asked[id]
	if a == nil || !a.at.IsZero() && now.Sub(a.at) >= rememberFor {
		if d.asked == nil || len(d.asked) >= mostAsked {
			d.asked = make(asked)
		}
		a = &answer{done: make(chan struct{})}
		d.asked[id] = a
		go d.find(context.WithoutCancel(ctx), id, a) // ends within answerWithin
	}
	d.mu.Unlock()
	select {
	case <-a.done:
		return a.ways, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("ask where feed %s is: %w", id, context.Cause(ctx))
	}
}

// Known lists the ways to a feed that this node knows without asking, best first.
func (d *Directory) Known(id media.FeedID) []Way {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.Where(id)
}

// find asks, for all who wait.
func (d *Directory) find(ctx context.Context, id media.FeedID, a *answer) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	ways, err := d.ask(ctx, question{Feed: id})
	d.mu.Lock()
	defer d.mu.Unlock()
	a.ways, a.err, a.at = ways, err, time.Now()
	close(a.done)
}

// ask sends a question on: a school to its hub, a hub to the level above.
func (d *Directory) ask(ctx context.Context, q question) ([]Way, error) {
	bus, on := d.above, subject(upwards(d.cfg.Role), d.self, "where")
	if d.cfg.Role == identity.School {
		bus, on = d.below, subject(bySchool, d.self, "where")
	}
	if bus == nil || len(q.Asked) >= MaxHops || slices.Contains(q.Asked, d.self.String()) {
		return nil, nil
	}
	q.Asked = append(slices.Clone(q.Asked), d.self.String())
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	body, err = bus.Ask(ctx, on, body)
	if err != nil {
		return nil, fmt.Errorf("ask where feed %s is: %w", q.Feed, err)
	}
	r, err := parseReply(body, q.Feed)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.extend(r.Ways), nil
}

// answerWhere answers a node below.
func (d *Directory) answerWhere(ctx context.Context, _ string, body []byte) []byte {
	q, err := parseQuestion(body)
	if err != nil || slices.Contains(q.Asked, d.self.String()) {
		return nil
	}
	d.mu.Lock()
	ways := d.table.Where(q.Feed)
	d.mu.Unlock()
	if len(ways) == 0 {
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		if ways, err = d.ask(ctx, q); err != nil {
			return nil // who asks has a time of its own and may ask again
		}
	}
	r := reply{Ways: []Way{}}
	for _, w := range ways[:min(len(ways), mostWays)] {
		if len(w.Path) < MaxHops {
			w.Path = append(slices.Clone(w.Path), d.self.Name)
			r.Ways = append(r.Ways, w)
		}
	}
	body, err = json.Marshal(r)
	if err != nil {
		return nil
	}
	return body
}

// extend adds what lies between this node and the one that answered, where its links lead
// there, and leaves out ways that would go through this node.
func (t *Table) extend(ways []Way) []Way {
	var out []Way
	for _, w := range ways {
		if slices.Contains(w.Path, t.self.Name) {
			continue
		}
		rest, cost, ok := t.join(w.Path)
		if w.Open = w.Open && ok; ok {
			w.Path, w.Cost = append(slices.Clone(w.Path), rest...), w.Cost+cost
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b Way) int { return t.compare(&a, &b) })
	return out
}

func parseQuestion(b []byte) (q question, err error) {
	if err := json.Unmarshal(b, &q); err != nil {
		return q, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if len(q.Asked) > MaxHops {
		return q, fmt.Errorf("%w: a question that has gone through %d nodes", ErrMessage, len(q.Asked))
	}
	if _, err := media.ParseFeedID(string(q.Feed)); err != nil {
		return q, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return q, nil
}

func parseReply(b []byte, id media.FeedID) (r reply, err error) {
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if len(r.Ways) > mostWays {
		return r, fmt.Errorf("%w: %d ways", ErrMessage, len(r.Ways))
	}
	for _, w := range r.Ways {
		if w.Feed != id || len(w.Path) == 0 || len(w.Path) > MaxHops || w.Cost < 0 || w.Cost > maxCost*MaxHops {
			return r, fmt.Errorf("%w: a way that is none to %s", ErrMessage, id)
		}
		for _, p := range w.Path {
			if err := identity.CheckName(p); err != nil {
				return r, fmt.Errorf("%w: %w", ErrMessage, err)
			}
		}
	}
	return r, nil
}
