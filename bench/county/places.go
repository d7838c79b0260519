package county

import (
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// The places that are not schools.
const (
	province = "province"
	city     = "city"
	hubA     = "hub-a"
	hubB     = "hub-b"
)

func isHub(place string) bool { return place == hubA || place == hubB }

func school(i int) string { return "school-" + strconv.Itoa(i) }

func isSchool(place string, schools int) bool {
	for i := 1; i <= schools; i++ {
		if place == school(i) {
			return true
		}
	}
	return false
}

// feedOf is what a school's camera is called everywhere.
func feedOf(school string) media.FeedID { return media.FeedID(school + "/classroom") }

// parents are the places that a place dials, through a line each.
func parents(place string) []string {
	switch place {
	case province:
		return nil
	case city:
		return []string{province}
	case hubA, hubB:
		return []string{city}
	}
	return []string{hubA, hubB}
}

// profile is the line from a place to those above it: a rural one for a school, fibre
// between the machines of county, city and province.
func profile(place string) netem.Profile {
	if isHub(place) || place == city {
		return netem.Profile{Delay: 5 * time.Millisecond, Rate: 1e9}
	}
	return netem.Profile{Delay: 30 * time.Millisecond, Rate: 100e6, Loss: 0.01, Burst: 2}
}

// places lists all nodes, those first that others dial.
func places(schools int) []string {
	all := []string{province, city, hubA, hubB}
	for i := range schools {
		all = append(all, school(i+1))
	}
	return all
}

// touched tells whether a place loses its picture through a trouble somewhere else: it
// gets it through there, or is there.
func touched(place string, s Step) bool {
	switch {
	case place == s.Place:
		return true
	case s.Place == city:
		return place == province
	}
	return isHub(s.Place) // anybody may watch through a hub
}

// config is a place's configuration.
func (c *County) config(place string) *config.Config {
	at := c.at[place]
	cfg := &config.Config{
		Node: place, Identity: filepath.Join("pki", place),
		Listen: config.Listen{QUIC: at.quic, RTSP: at.rtsp, RTP: config.RTPOff, HTTP: at.http, WebRTC: at.webrtc},
	}
	cfg.County = c.countyOf(place)
	for i, up := range parents(place) {
		cfg.Parents = append(cfg.Parents, config.Parent{Address: c.lines[place][i].Addr().String(), Node: up})
	}
	if cam := c.cameras[place]; cam != "" {
		cfg.Feeds = map[media.FeedID]config.Feed{feedOf(place): {
			Main: "rtsp://" + cam + "/main", Sub: "rtsp://" + cam + "/sub", Transport: config.TransportTCP,
		}}
	}
	if isHub(place) { // each of the hubs may change it
		cfg.Classes = map[string]config.Class{class: {Main: school(1), Hubs: []string{hubA, hubB}, Rooms: c.classrooms()}}
	}
	return cfg
}

// countyOf is a place's part in its county's directory. Both hub machines stand in the
// county's data centre.
func (c *County) countyOf(place string) config.County {
	at, own := c.at[place], config.County{State: filepath.Join("state", place)}
	switch place {
	case province:
		own.Name, own.Listen = provinceName, at.machines
		return own
	case city:
		own.Name, own.Listen, own.Above = cityName, at.machines, []string{at.above}
		return own
	}
	own.Name, own.Renew = name, []string{c.at[hubA].quic}
	switch place {
	case hubA:
		own.CA, own.Listen, own.Hubs, own.Above = "pki", at.machines, []string{c.at[hubB].machines}, []string{at.above}
	case hubB:
		own.Listen, own.Hubs, own.Above = at.machines, []string{c.at[hubA].machines}, []string{at.above}
	}
	return own
}

// classrooms are the feeds of all schools.
func (c *County) classrooms() map[string]media.FeedID {
	rooms := make(map[string]media.FeedID)
	for _, s := range c.Schools() {
		rooms[s] = feedOf(s)
	}
	return rooms
}

// number is that of a school, from one; 0: it is none.
func (c *County) number(place string) int { return slices.Index(c.Schools(), place) + 1 }
