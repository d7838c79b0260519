package console

import (
	"fmt"
	"time"
)

// Code names a kind of change.
type Code string

// The changes that are told.
const (
	Started        Code = "started"         // the node runs
	Reloaded       Code = "reloaded"        // a new configuration was taken over
	LinkUp         Code = "link-up"         // a node has linked up
	LinkDown       Code = "link-down"       // a link has ended; Why
	NoLink         Code = "no-link"         // a parent cannot be reached; Why
	NodeRefused    Code = "node-refused"    // a node without a right certificate dialled; Why
	RefusedByNode  Code = "refused-by-node" // a node dialled that does not trust this one
	AddressChanged Code = "address-changed" // the peer's, or a router's, in the middle of a link
	LinkSilent     Code = "link-silent"     // nothing comes over a link that is still up
	LayersChanged  Code = "layers"          // a link carries other layers; Rule and Why
	FeedOffline    Code = "feed-offline"    // a feed's picture is gone; Cause and Why
	FeedBack       Code = "feed-back"       // it is back, after Lasted
	FeedMoved      Code = "feed-moved"      // it comes over another link now
	FeedRefused    Code = "feed-refused"    // a peer's feed is not taken; Why
	WatchRefused   Code = "watch-refused"   // a node asks for a feed that it may not have; Why
	NameTaken      Code = "name-taken"      // two nodes claim one feed name; Why
	Withdrawn      Code = "withdrawn"       // a feed was taken out of a configuration
	ClassTurned    Code = "class-turned"    // another school is the main school; Why
	PushTakenOver  Code = "push-taken-over" // another pusher has the feed now; Why

	CertificateEnds Code = "certificate-ends" // the node's own, and it cannot be renewed; Why
	ClockWrong      Code = "clock-wrong"      // this machine's; Why
	StateFails      Code = "state-fails"      // the state folder cannot be written; Why
	StateDamaged    Code = "state-damaged"    // it was damaged, and begins anew; Why
	RecordsStale    Code = "records-stale"    // no hub has answered for days; Why
	RecordsFresh    Code = "records-fresh"    // one has again
)

// Change is something that has happened at the node. What a code does not need is empty.
type Change struct {
	Code   Code
	Link   string // the other node
	Feed   string
	Why    string // in the words of who knows: a peer, a camera, a decision
	WhyZH  string // the same in Chinese, where we know; default: Why
	Rule   string // of LayersChanged: the rule that decided
	Cause  Cause  // of FeedOffline
	Lasted time.Duration
}

// line puts a change into words.
func (c *Change) line(now time.Time) Line {
	text, level := c.words()
	return Line{At: now.UTC(), Level: level, Code: string(c.Code), Link: c.Link, Feed: c.Feed, Text: text}
}

// why is the reason in both languages.
func (c *Change) why() Text {
	if c.WhyZH == "" {
		return Text{c.Why, c.Why}
	}
	return Text{c.Why, c.WhyZH}
}

// The levels of a line.
const (
	levelInfo = "info"
	levelWarn = "warn"
)

func (c *Change) words() (t Text, level string) {
	switch c.Code {
	case Started:
		return Text{"the node runs", "节点已启动"}.plus(c.Why), levelInfo
	case Reloaded:
		return Text{"configuration reloaded", "已重新载入配置"}, levelInfo
	case CertificateEnds:
		return Text{"the node's certificate runs out", "本节点的证书即将到期，且无法自动续期"}.plus(c.Why), levelWarn
	case ClockWrong:
		return Text{"the clock is wrong", "本机时钟不准，请校时"}.plus(c.Why), levelWarn
	case StateFails:
		return Text{"the state cannot be written, lessons go on", "状态数据无法写入，课堂不受影响，请检查磁盘"}.plus(c.Why), levelWarn
	case StateDamaged:
		return Text{"the state was damaged and begins anew", "状态数据已损坏，已移走并重新建立"}.plus(c.Why), levelWarn
	case RecordsStale:
		return Text{
			"the county's records are old, and what was revoked lately is not known here, lessons go on",
			"已多日未收到县级数据，不知道近期吊销了哪些证书，课堂不受影响，请检查到枢纽节点的线路",
		}.plus(c.Why), levelWarn
	case RecordsFresh:
		return Text{"the county's records are up to date again", "县级数据已恢复同步"}, levelInfo
	case FeedOffline, FeedBack, FeedMoved, FeedRefused, NameTaken, Withdrawn, PushTakenOver, ClassTurned:
		return c.feedWords()
	case LinkUp, LinkDown, NoLink, NodeRefused, WatchRefused, RefusedByNode, AddressChanged, LinkSilent, LayersChanged:
		return c.linkWords()
	}
	return Text{string(c.Code), string(c.Code)}.plus(c.Why), levelInfo
}

func (c *Change) linkWords() (t Text, level string) {
	switch c.Code {
	case LinkUp:
		return Text{"link to " + c.Link + " is up", "与 " + c.Link + " 的线路已接通"}, levelInfo
	case LinkDown:
		return Text{"link to " + c.Link + " is down", "与 " + c.Link + " 的线路已断开"}.plus(c.Why), levelWarn
	case NoLink:
		return Text{"no link to " + c.Link + ", trying on", "连接不上 " + c.Link + "，继续尝试"}.because(c.why()), levelWarn
	case NodeRefused:
		return Text{"a node was refused", "拒绝了一个节点的连接"}.plus(c.Why), levelWarn
	case WatchRefused:
		return Text{
			c.Link + " asks for a feed that it may not have", c.Link + " 索取它无权观看的画面，已拒绝",
		}.plus(c.Why), levelWarn
	case RefusedByNode:
		return Text{
			"a node dials and does not trust this one's certificate", "有节点连接本节点，但不信任本节点的证书",
		}.plus(c.Why), levelWarn
	case AddressChanged:
		return Text{"the address of " + c.Link + " has changed", c.Link + " 的地址已改变"}.plus(c.Why), levelInfo
	case LinkSilent:
		return Text{
			"nothing comes from " + c.Link + ", other ways are used where there are any",
			c.Link + " 没有任何数据传来，能改走其他线路的画面已改走",
		}, levelWarn
	default: // LayersChanged
		return c.layerWords(), levelInfo
	}
}

func (c *Change) layerWords() Text {
	t := Text{"the link to " + c.Link + " carries other layers", "到 " + c.Link + " 的线路切换了画面层级"}
	zh := t.ZH + "：" + ruleWords(c.Rule)
	if n := levelWords(numbers(c.Why)); n != "" {
		zh += "（" + n + "）"
	}
	return Text{t.plus(c.Why).EN, zh}
}

// numbers is what a decision says after the name of its rule: the levels, rates and
// waiting times that decided, for those who want to know.
func numbers(why string) string {
	for i := range why {
		if i+1 < len(why) && why[i] == ':' && why[i+1] == ' ' {
			return why[i+2:]
		}
	}
	return why
}

// levelWords puts the levels and the rate of a decision into Chinese; what follows them is
// for engineers, and stays in the English line. Numbers of another kind stay as they are.
func levelWords(numbers string) string {
	var from, to int
	var rate float64
	if n, _ := fmt.Sscanf(numbers, "level %d to %d (%f Mbit/s)", &from, &to, &rate); n != 3 {
		return numbers
	}
	return fmt.Sprintf("第 %d 档到第 %d 档，%.1f Mbit/s", from, to, rate)
}

// ruleWords says in Chinese why a link was given other layers; the English words come
// from the decision itself (internal/layer).
func ruleWords(rule string) string {
	switch rule {
	case "self":
		return "发送速率超过线路容量，队列增长"
	case "loss":
		return "丢包过多"
	case "stand":
		return "本节点的队列一直不能排空"
	case "fair":
		return "占用过多，为其他流量让出带宽"
	case "crowd":
		return "其他流量挤满线路，造成丢包"
	case "yield":
		return "另一路课堂需要带宽，让出一份"
	case "late":
		return "排队太久，画面不能及时到达"
	case "cap":
		return "达到配置的速率上限"
	case "want":
		return "观看者的需要改变"
	case "breaker":
		return "线路严重拥塞，只保留声音"
	case "blackout":
		return "对端没有回应"
	case "probe":
		return "探测通过，线路有余量"
	case "beside":
		return "与其他流量并存仍有余量"
	case "undo":
		return "降低速率后丢包依旧，恢复原来的层级"
	case "uplink":
		return "同一出口的几条线路一起分配带宽"
	}
	return "由线路状况决定"
}

func (c *Change) feedWords() (t Text, level string) {
	switch c.Code {
	case FeedOffline:
		return c.offlineWords().plus(c.Why), levelWarn
	case FeedBack:
		d := lasting(c.Lasted)
		return Text{c.Feed + ": the picture is back after " + d.EN, c.Feed + "：画面恢复，中断了 " + d.ZH}, levelInfo
	case FeedMoved:
		return Text{c.Feed + " comes by " + c.Link + " now", c.Feed + " 现在改由 " + c.Link + " 传来"}, levelInfo
	case FeedRefused:
		return Text{c.Feed + " is not taken from " + c.Link, "不接受来自 " + c.Link + " 的 " + c.Feed}.plus(c.Why), levelWarn
	case NameTaken:
		return Text{
			"two nodes claim the name " + c.Feed + "; rename one of them", "两个节点使用了同一名称 " + c.Feed + "，请改名",
		}.plus(c.Why), levelWarn
	case Withdrawn:
		return Text{
			c.Feed + " was taken out of the configuration", c.Feed + " 已从配置中移除",
		}.plus(c.Why), levelInfo
	case ClassTurned:
		return Text{c.Feed + ": the main school is " + c.Why + " now", c.Feed + "：主讲学校现在是 " + c.Why}, levelInfo
	default: // PushTakenOver
		return Text{c.Feed + ": another pusher has taken over", c.Feed + "：另一台设备接管了推送"}.plus(c.Why), levelInfo
	}
}

func (c *Change) offlineWords() Text {
	name := func(en, zh string) Text { return Text{c.Feed + ": " + en, c.Feed + "：" + zh} }
	switch c.Cause {
	case CauseUnreachable:
		return name("the camera cannot be reached", "摄像机网络不通")
	case CauseLogin:
		return name("the camera refuses the login", "摄像机拒绝登录")
	case CauseSilent:
		return name("the camera sends no picture", "摄像机不发送画面")
	case CauseNoPush:
		return name("nobody sends it any more", "推送已结束")
	case CauseNoRoute:
		return name("no link leads to it any more", "没有线路通往此画面")
	case CauseRefused, CauseUnknown:
	}
	return name("the camera is offline", "摄像机离线")
}
