package console

import (
	"fmt"
	"time"
)

// Trouble is what is wrong with a feed or a link: a code that pages know, and words.
type Trouble struct {
	Code string `json:"code"`
	Text Text   `json:"text"`
}

// Cause is why a feed is offline.
type Cause uint8

// The causes.
const (
	CauseUnknown     Cause = iota // its node says no more
	CauseUnreachable              // no connection to the camera
	CauseLogin                    // the camera refuses the login
	CauseSilent                   // the camera is there and no picture comes
	CauseRefused                  // the camera answers, and not with a picture
	CauseNoPush                   // nobody pushes it now
	CauseNoRoute                  // the node knows the feed, and no link leads to it
)

const (
	// offlineAfter is how long a feed may be away before it is said: a camera that is
	// pulled on demand takes a second or two to begin.
	offlineAfter = 3 * time.Second
	// lateAfter is the age of a frame above which a lesson is no conversation: the 300
	// ms that this relay promises from camera to screen.
	lateAfter = 300.0 // ms
	// keyFrameAfter is how old the last key frame may be: a viewer who comes begins
	// there, and cameras send one every one to four seconds.
	keyFrameAfter = 15e3 // ms
	// lossyAfter is the share of lost packets above which repair costs much of the line.
	lossyAfter = 0.10
	// queueAfter is the standing queue behind which frames are late.
	queueAfter = 150.0 // ms
)

// feedTrouble says what is wrong with a feed; nil: nothing.
func feedTrouble(now time.Time, f *Feed) *Trouble {
	if !f.Online {
		if f.OfflineSince == nil || now.Sub(*f.OfflineSince) < offlineAfter {
			return nil
		}
		return offline(f.Cause, lasting(now.Sub(*f.OfflineSince)), f.Reason)
	}
	if f.LatencyMS != nil && *f.LatencyMS > lateAfter {
		return troubled("late", "the picture is %.0f ms old when it arrives here", "画面到达本节点时已延迟 %.0f 毫秒", *f.LatencyMS)
	}
	for i := range f.Layers {
		l := &f.Layers[i]
		if l.Interest > 0 && l.KeyFrameAgeMS != nil && *l.KeyFrameAgeMS > keyFrameAfter {
			return troubled("no-key-frame", "no key frame for %.0f s", "已有 %.0f 秒没有关键帧", *l.KeyFrameAgeMS/1000)
		}
	}
	return nil
}

// troubled is a trouble whose sentences have a place for the same values.
func troubled(code, en, zh string, values ...any) *Trouble {
	return &Trouble{code, Text{fmt.Sprintf(en, values...), fmt.Sprintf(zh, values...)}}
}

func offline(c Cause, d Text, reason string) *Trouble {
	words := [...]struct{ code, en, zh string }{
		CauseUnknown:     {"offline", "camera offline for %s", "摄像机离线 %s"},
		CauseUnreachable: {"unreachable", "camera offline for %s, it cannot be reached", "摄像机离线 %s，网络不通"},
		CauseLogin:       {"camera-login", "no picture for %s, the camera refuses the login", "无画面 %s，摄像机拒绝登录"},
		CauseSilent:      {"silent", "no picture for %s, the camera is there and sends none", "无画面 %s，摄像机在线但不发送画面"},
		CauseRefused:     {"refused", "camera offline for %s, it refuses to send", "摄像机离线 %s，它拒绝发送"},
		CauseNoPush:      {"no-push", "nobody has sent this feed for %s", "已有 %s 没有设备推送此画面"},
		CauseNoRoute:     {"no-source", "no link leads to this feed for %s", "已有 %s 没有线路通往此画面"},
	}
	w := words[min(int(c), len(words)-1)]
	return &Trouble{w.code, Text{fmt.Sprintf(w.en, d.EN), fmt.Sprintf(w.zh, d.ZH)}.plus(reason)}
}

// linkTrouble says what is wrong with a link; nil: nothing. The worst comes first.
func linkTrouble(now time.Time, l *Link) *Trouble {
	switch {
	case !l.Up:
		return noLink(now, l)
	case l.Facts.Silent:
		return troubled("peer-away", "nothing comes back from the other node", "对端节点没有任何回应")
	case l.Facts.SoundOnly:
		return troubled("floor", "the line cannot carry even the small picture now: sound only", "线路目前连小画面也传不了：只传声音")
	case l.QueueMS != nil && *l.QueueMS > queueAfter:
		return troubled("queue", "the line is full: packets wait %.0f ms", "线路已占满：数据包排队 %.0f 毫秒", *l.QueueMS)
	case l.LatencyMS != nil && l.LatencyMS.P95 > lateAfter:
		return troubled("late", "one frame in twenty is older than %.0f ms when it arrives",
			"每二十帧中有一帧到达时已超过 %.0f 毫秒", l.LatencyMS.P95)
	case l.Loss != nil && *l.Loss > lossyAfter:
		return troubled("lossy", "the line loses %.0f %% of the packets", "线路丢包 %.0f %%", *l.Loss*100)
	case l.Facts.Far != "":
		return &Trouble{"far", Text{l.Facts.Far, "线路往返时间太长，丢失的数据包来不及补发"}}
	}
	return nil
}

func noLink(now time.Time, l *Link) *Trouble {
	if l.Since == nil {
		return &Trouble{"no-link", Text{"no link to this node yet", "尚未与此节点建立连接"}.because(l.Facts.Why)}
	}
	d := lasting(now.Sub(*l.Since))
	return &Trouble{"no-link", Text{"no link to this node for " + d.EN, "与此节点断开 " + d.ZH}.because(l.Facts.Why)}
}
