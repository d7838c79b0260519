package console

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestDurationsInWords(t *testing.T) {
	for d, want := range map[time.Duration]Text{
		-time.Second:                       {"0 seconds", "0 秒"},
		time.Second:                        {"1 second", "1 秒"},
		59*time.Second + 999e6:             {"59 seconds", "59 秒"},
		time.Minute:                        {"1 minute", "1 分钟"},
		3*time.Minute + 59*time.Second:     {"3 minutes", "3 分钟"},
		2 * time.Hour:                      {"2 hours", "2 小时"},
		time.Hour + 5*time.Minute:          {"1 hour 5 minutes", "1 小时 5 分钟"},
		25 * time.Hour:                     {"1 day", "1 天"},
		10*24*time.Hour + 23*time.Hour + 1: {"10 days", "10 天"},
	} {
		if got := lasting(d); got != want {
			t.Errorf("%v is %+v, want %+v", d, got, want)
		}
	}
}

func TestWhatIsWrongWithAFeedInWords(t *testing.T) {
	now := time.Unix(1e9, 0)
	recent := now.Add(-2 * time.Second)
	tests := []struct {
		name   string
		f      Feed
		code   string
		en, zh string
	}{
		{"all is well", Feed{Online: true, LatencyMS: new(250.0)}, "", "", ""},
		{"away for a moment", Feed{OfflineSince: &recent}, "", "", ""},
		{
			"late",
			Feed{Online: true, LatencyMS: new(612.3)},
			"late",
			"the picture is 612 ms old when it arrives here", "画面到达本节点时已延迟 612 毫秒",
		},
		{
			"no key frame",
			Feed{Online: true, Layers: []Layer{{Interest: 1, KeyFrameAgeMS: new(20e3)}}},
			"no-key-frame", "no key frame for 20 s", "已有 20 秒没有关键帧",
		},
		{"no key frame of what nobody watches", Feed{Online: true, Layers: []Layer{{KeyFrameAgeMS: new(20e3)}}}, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkTrouble(t, feedTrouble(now, &tt.f), tt.code, tt.en, tt.zh) })
	}
}

func TestWhyAFeedIsAwayInWords(t *testing.T) {
	now := time.Unix(1e9, 0)
	since := now.Add(-3 * time.Minute)
	tests := []struct {
		cause                Cause
		reason, code, en, zh string
	}{
		{CauseUnknown, "", "offline", "camera offline for 3 minutes", "摄像机离线 3 分钟"},
		{
			CauseUnreachable, "10.1.2.3: no route", "unreachable",
			"camera offline for 3 minutes, it cannot be reached: 10.1.2.3: no route", "摄像机离线 3 分钟，网络不通：10.1.2.3: no route",
		},
		{CauseLogin, "", "camera-login", "no picture for 3 minutes, the camera refuses the login", "无画面 3 分钟，摄像机拒绝登录"},
		{CauseSilent, "", "silent", "no picture for 3 minutes, the camera is there and sends none", "无画面 3 分钟，摄像机在线但不发送画面"},
		{CauseRefused, "404", "refused", "camera offline for 3 minutes, it refuses to send: 404", "摄像机离线 3 分钟，它拒绝发送：404"},
		{CauseNoPush, "", "no-push", "nobody has sent this feed for 3 minutes", "已有 3 分钟 没有设备推送此画面"},
		{CauseNoRoute, "", "no-source", "no link leads to this feed for 3 minutes", "已有 3 分钟 没有线路通往此画面"},
	}
	for _, tt := range tests {
		f := Feed{OfflineSince: &since, Cause: tt.cause, Reason: tt.reason}
		t.Run(tt.code, func(t *testing.T) { checkTrouble(t, feedTrouble(now, &f), tt.code, tt.en, tt.zh) })
	}
}

func checkTrouble(t *testing.T, got *Trouble, code, en, zh string) {
	t.Helper()
	if got == nil {
		got = &Trouble{}
	}
	if got.Code != code || got.Text.EN != en || got.Text.ZH != zh {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsWrongWithALinkInWords(t *testing.T) {
	now := time.Unix(1e9, 0)
	since := now.Add(-90 * time.Second)
	why := LinkFacts{Why: Text{"nothing answers", "没有应答"}}
	tests := []struct {
		name   string
		l      Link
		code   string
		en, zh string
	}{
		{"all is well", Link{Up: true, Loss: new(0.05), QueueMS: new(100.0), LatencyMS: &Latency{50, 299, 400}}, "", "", ""},
		{"no link yet", Link{Facts: why}, "no-link", "no link to this node yet: nothing answers", "尚未与此节点建立连接：没有应答"},
		{
			"no link any more",
			Link{Since: &since, Facts: why},
			"no-link",
			"no link to this node for 1 minute: nothing answers", "与此节点断开 1 分钟：没有应答",
		},
		{
			"silent, which is worse than a queue",
			Link{Up: true, QueueMS: new(500.0), Facts: LinkFacts{Silent: true}},
			"peer-away",
			"nothing comes back from the other node", "对端节点没有任何回应",
		},
		{
			"sound only",
			Link{Up: true, Facts: LinkFacts{SoundOnly: true}},
			"floor",
			"the line cannot carry even the small picture now: sound only", "线路目前连小画面也传不了：只传声音",
		},
		{"a queue", Link{Up: true, QueueMS: new(180.0)}, "queue", "the line is full: packets wait 180 ms", "线路已占满：数据包排队 180 毫秒"},
		{
			"late",
			Link{Up: true, LatencyMS: &Latency{200, 310, 420}},
			"late",
			"one frame in twenty is older than 310 ms when it arrives", "每二十帧中有一帧到达时已超过 310 毫秒",
		},
		{"loss", Link{Up: true, Loss: new(0.125)}, "lossy", "the line loses 12 % of the packets", "线路丢包 12 %"},
		{"far", Link{Up: true, Facts: LinkFacts{Far: "600 ms"}}, "far", "600 ms", "线路往返时间太长，丢失的数据包来不及补发"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkTrouble(t, linkTrouble(now, &tt.l), tt.code, tt.en, tt.zh) })
	}
}

// everyChange is one of each kind.
func everyChange() []Change {
	list := []Change{
		{Code: Started, Why: "v0.3"},
		{Code: Reloaded},
		{Code: LinkUp, Link: "hub"},
		{Code: LinkDown, Link: "hub", Why: "the peer went"},
		{Code: NoLink, Link: "hub", Why: "nothing answers", WhyZH: "没有应答"},
		{Code: NodeRefused, Why: "10.0.0.9: another CA"},
		{Code: RefusedByNode, Why: "10.0.0.9"},
		{Code: LinkSilent, Link: "hub"},
		{Code: FeedMoved, Feed: "room", Link: "hub-b"},
		{Code: AddressChanged, Link: "hub", Why: "10.0.0.9:4433"},
		{Code: FeedBack, Feed: "room-101", Lasted: time.Minute},
		{Code: FeedRefused, Link: "hub", Feed: "room-101", Why: "its path crosses this node"},
		{Code: WatchRefused, Link: "s012", Why: "peers.s012.watch does not name it"},
		{Code: NameTaken, Feed: "room-101", Why: "a, b"},
		{Code: Withdrawn, Feed: "room-101", Why: "node hub"},
		{Code: PushTakenOver, Feed: "room-101", Why: "10.0.0.9"},
		{Code: CertificateEnds, Why: "it runs out in 3 days"},
		{Code: ClockWrong, Why: "it is 2h0m0s slow"},
		{Code: StateFails, Why: "the disk is full"},
		{Code: StateDamaged, Why: "it is kept as classrelay.db.damaged-20261122"},
		{Code: RecordsStale, Why: "no hub has answered since 2026-11-15"},
		{Code: RecordsFresh},
		{Code: ClassTurned, Feed: "class/maths", Why: "yinshan"},
	}
	for c := CauseUnknown; c <= CauseNoRoute; c++ {
		list = append(list, Change{Code: FeedOffline, Feed: "room-101", Cause: c})
	}
	for _, rule := range []string{
		"self", "loss", "stand", "fair", "crowd", "yield", "late", "cap", "want", "breaker", "blackout", "probe", "beside",
		"undo", "uplink", "a rule of tomorrow",
	} {
		list = append(list, Change{Code: LayersChanged, Link: "hub", Rule: rule, Why: rule + ": level 2 to 1 (0.50 Mbit/s): why"})
	}
	return list
}

func TestEveryChangeIsSaidInBothLanguages(t *testing.T) {
	seen := make(map[string]string)
	for _, c := range everyChange() {
		l := c.line(time.Unix(1e9, 0))
		if !strings.ContainsFunc(l.Text.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s in Chinese is %q", c.Code, l.Text.ZH)
		}
		if strings.ContainsFunc(l.Text.EN, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || l.Text.EN == "" {
			t.Errorf("%s in English is %q", c.Code, l.Text.EN)
		}
		for _, name := range []string{c.Link, c.Feed, c.Why} {
			if !strings.Contains(l.Text.EN, name) {
				t.Errorf("%s does not say %q: %q", c.Code, name, l.Text.EN)
			}
		}
		for _, name := range []string{c.Link, c.Feed} {
			if !strings.Contains(l.Text.ZH, name) {
				t.Errorf("%s does not say %q: %q", c.Code, name, l.Text.ZH)
			}
		}
		if l.Level != levelInfo && l.Level != levelWarn || l.Code != string(c.Code) || l.Link != c.Link || l.Feed != c.Feed {
			t.Errorf("%+v", l)
		}
		if by := seen[l.Text.ZH]; by != "" && c.Cause != CauseRefused { // that is said as the unknown cause is
			t.Errorf("%+v is said as %s", c, by)
		}
		seen[l.Text.ZH] = string(c.Code)
	}
}

func TestLayersInWords(t *testing.T) {
	c := Change{Code: LayersChanged, Link: "hub", Rule: "self", Why: "self: level 2 to 1 (0.50 Mbit/s): the queue grew: by 40 ms"}
	l := c.line(time.Unix(1e9, 0))
	if l.Text.EN != "the link to hub carries other layers: self: level 2 to 1 (0.50 Mbit/s): the queue grew: by 40 ms" ||
		l.Text.ZH != "到 hub 的线路切换了画面层级：发送速率超过线路容量，队列增长（第 2 档到第 1 档，0.5 Mbit/s）" {
		t.Errorf("%+v", l.Text)
	}
}

func TestTheJournalKeepsTheLastLines(t *testing.T) {
	j := NewJournal()
	for i := range journalLines + 7 {
		j.Note(time.Unix(int64(i), 0), Change{Code: LinkUp, Link: strconv.Itoa(i)})
	}
	lines, next, fresh := j.Since(0)
	if len(lines) != journalLines || next != journalLines+7 || lines[0].Link != "7" ||
		lines[journalLines-1].Link != strconv.Itoa(journalLines+6) {
		t.Fatalf("%d lines from %s, next %d", len(lines), lines[0].Link, next)
	}
	if lines, _, _ := j.Since(next); len(lines) != 0 {
		t.Errorf("%d lines from the future", len(lines))
	}
	if lines, _, _ := j.Since(next - 2); len(lines) != 2 || lines[0].Link != strconv.Itoa(journalLines+5) {
		t.Errorf("the last two are %+v", lines)
	}
	select {
	case <-fresh:
		t.Error("news before there is any")
	default:
	}
	j.Note(time.Unix(1, 0), Change{Code: LinkUp})
	<-fresh
	(*Journal)(nil).Note(time.Unix(1, 0), Change{Code: LinkUp}) // a node without pages
}

func TestOutages(t *testing.T) {
	var o outages
	t0 := time.Unix(1e9, 0)
	look := func(after time.Duration, online bool) (*Feed, []Change) {
		st := &Status{Feeds: []Feed{{ID: "room-101", Online: online, Cause: CauseSilent, Reason: "why"}}}
		changes := o.look(t0.Add(after), st)
		return &st.Feeds[0], changes
	}
	steps := []struct {
		name   string
		after  time.Duration
		online bool
		said   Code
		since  time.Duration // -1: it is there
		wrong  bool
	}{
		{"it plays", 0, true, "", -1, false},
		{"a camera that is asked for takes a second", time.Second, false, "", time.Second, false},
		{"and plays", 2 * time.Second, true, "", -1, false},
		{"it goes", 10 * time.Second, false, "", 10 * time.Second, false},
		{"and stays away", 13 * time.Second, false, FeedOffline, 10 * time.Second, true},
		{"which is said once", 14 * time.Second, false, "", 10 * time.Second, true},
		{"it is back", 70 * time.Second, true, FeedBack, -1, false},
		{"which is said once, too", 71 * time.Second, true, "", -1, false},
	}
	for _, s := range steps {
		f, changes := look(s.after, s.online)
		var said Code
		if len(changes) > 0 {
			said = changes[0].Code
		}
		since := time.Duration(-1)
		if f.OfflineSince != nil {
			since = f.OfflineSince.Sub(t0)
		}
		if said != s.said || since != s.since || (f.Problem != nil) != s.wrong {
			t.Errorf("%s: said %q, away since %v, problem %+v", s.name, said, since, f.Problem)
		}
		if said == FeedBack && changes[0].Lasted != time.Minute {
			t.Errorf("it was away for %v", changes[0].Lasted)
		}
		if said == FeedOffline && (changes[0].Cause != CauseSilent || changes[0].Why != "why") {
			t.Errorf("%+v", changes[0])
		}
	}
	look(80*time.Second, false)
	o.look(t0.Add(81*time.Second), &Status{})
	if len(o.away) != 0 {
		t.Error("a feed that is gone is remembered")
	}
}

func TestHistoryKeepsTenMinutes(t *testing.T) {
	var h history
	t0 := time.Unix(1e9, 0)
	n := lesson()
	for i := range 3 * historyPoints { // seconds
		st := n.Status(t0)
		if i >= historyPoints {
			st.Links[0].Flows[0].Layer = "sub"
			st.Links[0].LatencyMS = nil
		}
		h.add(t0.Add(time.Duration(i)*time.Second), st)
	}
	now := t0.Add(3 * historyPoints * time.Second)
	got := h.read(now)
	hub, room := got.Links[0], got.Feeds[0]
	if len(hub.At) != historyPoints || hub.At[0] != t0.Add(historyPoints*time.Second).UnixMilli() ||
		hub.At[historyPoints-1] != now.Add(-2*time.Second).UnixMilli() {
		t.Fatalf("%d points from %d to %d", len(hub.At), hub.At[0], hub.At[len(hub.At)-1])
	}
	for _, column := range [][]*float64{hub.P50, hub.P95, hub.P99, hub.Loss, hub.Overhead, hub.QueueMS, hub.Rate, room.LatencyMS} {
		if len(column) != historyPoints {
			t.Errorf("a column of %d", len(column))
		}
	}
	if hub.P50[0] != nil || *hub.Loss[0] != 0.02 || hub.Rate[0] != nil || *room.LatencyMS[0] != 58.2 || room.Viewers[0] != 2 {
		t.Error("the first row is wrong")
	}
	if len(hub.Flows) != 1 || len(hub.Flows[0].Layer) != historyPoints || *hub.Flows[0].Layer[0] != "sub" {
		t.Errorf("flows %+v", hub.Flows)
	}
	if len(got.Links) != 2 || len(got.Feeds) != 2 {
		t.Errorf("%d links, %d feeds", len(got.Links), len(got.Feeds))
	}
}

func TestHistoryOfWhatComesAndGoes(t *testing.T) {
	var h history
	t0 := time.Unix(1e9, 0)
	flow := func(layer string, active bool) []Flow {
		return []Flow{{Feed: "a", Layer: layer, Direction: "out", Active: active}, {Feed: "a", Layer: "audio", Direction: "out", Active: true}}
	}
	for i, flows := range [][]Flow{nil, flow("main", true), flow("main", false), flow("sub", true)} {
		h.add(t0.Add(time.Duration(i)*historyStep), &Status{Links: []Link{{Peer: "hub", Flows: flows}}})
	}
	h.add(t0.Add(10*time.Second), &Status{})
	got := h.read(t0)
	if len(got.Links) != 1 || len(got.Links[0].At) != 4 || len(got.Links[0].Flows) != 1 {
		t.Fatalf("%+v", got.Links)
	}
	layers := got.Links[0].Flows[0].Layer
	if len(layers) != 4 || layers[0] != nil || *layers[1] != "main" || layers[2] != nil || *layers[3] != "sub" {
		t.Errorf("%v", layers)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	feeds := make([]Feed, historyFeeds+50)
	for i := range feeds {
		feeds[i].ID = strconv.Itoa(i)
	}
	feeds[len(feeds)-1].Viewers = 1
	p := pointOf(time.Unix(1e9, 0), &Status{Feeds: feeds})
	if len(p.feeds) != historyFeeds || p.feeds[0].id != strconv.Itoa(len(feeds)-1) {
		t.Errorf("%d feeds, first %s", len(p.feeds), p.feeds[0].id)
	}
}
