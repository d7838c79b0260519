package county

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// class is the one in which all schools take part.
const class = "county-lesson"

// lesson is the class with a screen at every school, at the city and at the province.
type lesson struct {
	county *County
	main   string
	rooms  map[string]*room // by place
}

// open puts the screens up.
func (c *County) open() (*lesson, error) {
	l := &lesson{county: c, rooms: make(map[string]*room)}
	for _, place := range places(c.cfg.Schools) {
		if isHub(place) {
			continue
		}
		r, err := openRoom(place, c.number(place), c.rtsp(place, "class/"+class), c.log)
		if err != nil {
			l.close()
			return nil, err
		}
		l.rooms[place] = r
	}
	return l, nil
}

// close takes them down.
func (l *lesson) close() {
	for _, r := range l.rooms {
		r.stop()
	}
}

// watching are the places that see the main school: all but that one.
func (l *lesson) watching() (rooms []*room) {
	for place, r := range l.rooms {
		if place != l.main {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// expect begins a step everywhere.
func (l *lesson) expect(now time.Time, turned bool) {
	for place, r := range l.rooms {
		main := l.county.number(l.main)
		if place == l.main {
			main = 0
		}
		r.expect(now, main, turned)
	}
}

// turn lets a school become the main school, as its teacher would: at its own node.
func (l *lesson) turn(ctx context.Context, main string) error {
	l.main = main
	body, err := json.Marshal(map[string]string{"main": main})
	if err != nil {
		return err
	}
	url := l.county.Pages(main) + "api/v1/classes/" + class
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("make %s the main school: %w", main, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusAccepted {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // the status alone will do
		return fmt.Errorf("make %s the main school: %s: %s", main, answer.Status, why)
	}
	return nil
}

// steady tells whether everybody has the picture.
func (l *lesson) steady(now time.Time) bool {
	all := true
	for _, r := range l.watching() {
		r.judge(func(h *Healing) { all = all && h.Steady(now) })
	}
	return all
}
