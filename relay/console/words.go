package console

import (
	"fmt"
	"time"
)

// Text says one thing in the two languages of the pages.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// plus puts a remark behind a text, the same in both languages: what a camera or a
// peer said is quoted as it was said.
func (t Text) plus(remark string) Text {
	if remark == "" {
		return t
	}
	return t.because(Text{remark, remark})
}

// because puts a reason behind a text, if there is one.
func (t Text) because(why Text) Text {
	if why == (Text{}) {
		return t
	}
	return Text{EN: t.EN + ": " + why.EN, ZH: t.ZH + "：" + why.ZH}
}

// lasting says a duration as people do: in its largest unit, and down to minutes.
func lasting(d time.Duration) Text {
	s := int(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return Text{plural(s, "second"), fmt.Sprintf("%d 秒", s)}
	case s < 3600:
		return Text{plural(s/60, "minute"), fmt.Sprintf("%d 分钟", s/60)}
	case s < 86400:
		h, m := s/3600, s%3600/60
		if m == 0 {
			return Text{plural(h, "hour"), fmt.Sprintf("%d 小时", h)}
		}
		return Text{plural(h, "hour") + " " + plural(m, "minute"), fmt.Sprintf("%d 小时 %d 分钟", h, m)}
	}
	return Text{plural(s/86400, "day"), fmt.Sprintf("%d 天", s/86400)}
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
