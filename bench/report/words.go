package report

import (
	"fmt"
	"html/template"
	"strings"
)

// both is one thing said in both languages.
type both struct{ zh, en string }

// say returns a word of the table in both languages, of which the page shows one.
// Arguments stand where the words have %v; those of type template.HTML are words
// themselves, all others are escaped.
func say(key string, args ...any) (template.HTML, error) {
	w, ok := words[key]
	if !ok {
		return "", fmt.Errorf("report: there is no word %q", key)
	}
	return w.html(args...), nil
}

func (w both) html(args ...any) template.HTML {
	safe := make([]any, len(args))
	for i, a := range args {
		if h, ok := a.(template.HTML); ok {
			safe[i] = h
			continue
		}
		safe[i] = template.HTML(template.HTMLEscapeString(fmt.Sprint(a))) //nolint:gosec // just escaped
	}
	in := func(lang, class, format string) string {
		text := template.HTMLEscapeString(format)
		if len(safe) > 0 {
			text = fmt.Sprintf(text, safe...)
		}
		return `<span class="` + class + `" lang="` + lang + `">` + text + `</span>`
	}
	return template.HTML(in("zh-CN", "zh", w.zh) + in("en", "en", w.en)) //nolint:gosec // escaped above
}

// must is say for words that a test has found in the table.
func must(key string, args ...any) template.HTML {
	h, err := say(key, args...)
	if err != nil {
		return template.HTML(template.HTMLEscapeString(key)) //nolint:gosec // just escaped
	}
	return h
}

// known is a word that the bench names, such as a figure; one that the table does
// not have is shown as it is.
func known(kind, name string) template.HTML {
	if _, ok := words[kind+"."+name]; !ok {
		return template.HTML(`<code>` + template.HTMLEscapeString(name) + `</code>`) //nolint:gosec // just escaped
	}
	return must(kind + "." + name)
}

// value writes a figure; nil is a time that never came.
func value(unit string, v *float64) template.HTML {
	if v == nil {
		return must("never")
	}
	return template.HTML(template.HTMLEscapeString(number(unit, *v))) //nolint:gosec // just escaped
}

// list puts words one after the other, with the comma of each language.
func list(all []template.HTML) template.HTML {
	parts := make([]string, len(all))
	for i, h := range all {
		parts[i] = string(h)
	}
	return template.HTML(strings.Join(parts, string(must("comma")))) //nolint:gosec // of safe parts
}

// words is everything the page says. The names before the first point are those of
// figures, causes and rules in package scenario and internal/layer.
var words = map[string]both{ //nolint:gochecknoglobals // a lookup table
	"title":              {"线路验收报告", "Line acceptance report"},
	"subtitle":           {"课堂直播中继 classrelay 实测结果", "Measured with classrelay, the live classroom relay"},
	"comma":              {"、", ", "},
	"verdict.pass":       {"合格", "Passed"},
	"verdict.missed":     {"不合格", "Not passed"},
	"verdict.incomplete": {"未完成", "Incomplete"},
	"verdict.say.pass": {
		"%v 个场景的 %v 条规则，每一次测试都达标。",
		"%v scenarios, %v rules: every run kept every one of them.",
	},
	"verdict.say.missed": {
		"%[3]v 条规则未达标（共 %[2]v 条，%[1]v 个场景）。",
		"%[3]v of %[2]v rules missed, in %[1]v scenarios.",
	},
	"verdict.say.incomplete": {
		"没有全部测完：%v 个场景、%v 条规则，不能据此判定合格。",
		"Not everything was run (%v scenarios, %v rules): this is no pass.",
	},
	"interrupted": {"测试被人为中断，以下是中断之前的结果。", "The bench was interrupted; this is what there is so far."},
	"empty":       {"没有任何测试结果。", "Nothing has been run."},
	"late.runs": {
		"本机太忙：%v / %v 次测试中模拟器迟到，这些数据参考价值低，请在空闲的机器上重测。",
		"This machine was too busy: in %v of %v runs the emulator was late. " +
			"Their figures mean little; measure again on a quiet one.",
	},
	"never":  {"从未", "never"},
	"none":   {"无", "none"},
	"no.run": {"未测", "not run"},

	"tile.p99":    {"最差的 p99 延迟", "Worst p99 latency"},
	"tile.good":   {"最差的按时率", "Worst share in time"},
	"tile.stall":  {"最长卡顿", "Longest stall"},
	"tile.broken": {"花屏帧", "Broken frames"},
	"tile.runs":   {"测试次数", "Runs"},
	"tile.in":     {"%v，种子 %v", "%v, seed %v"},
	"tile.played": {"共 %v", "%v in all"},
	"tile.all":    {"所有测试合计", "in all runs together"},

	"overview": {"一览", "At a glance"},
	"overview.note": {
		"横条：延迟 p50 到 p99（取最差的一次）；圆点：最慢的一帧；虚线：%v 时限。",
		"Bar: latency from p50 to p99 of the worst run; dot: its slowest frame; dashed: the deadline of %v.",
	},
	"col.scenario": {"场景", "Scenario"},
	"col.latency":  {"延迟", "Latency"},
	"col.good":     {"按时率", "In time"},
	"col.stall":    {"最长卡顿", "Longest stall"},
	"col.rules":    {"达标规则", "Rules met"},
	"col.verdict":  {"结论", "Verdict"},

	"form":           {"验收", "Acceptance"},
	"form.school":    {"学校 / 教学点", "School / site"},
	"form.line":      {"线路", "Line"},
	"form.carrier":   {"运营商", "Carrier"},
	"form.tester":    {"测试人", "Tested by"},
	"form.date":      {"日期", "Date"},
	"form.remarks":   {"验收意见", "Remarks"},
	"form.sign.test": {"测试人签字", "Signature, tested by"},
	"form.sign.site": {"学校签字（盖章）", "Signature, school"},
	"form.sign.line": {"线路方签字（盖章）", "Signature, carrier"},

	"rules":        {"规则", "Rules"},
	"rules.note":   {"判定以最差的一次为准；每个点是一次测试。", "The worst run is what is judged; each dot is a run."},
	"col.rule":     {"规则", "Rule"},
	"col.median":   {"中位", "Median"},
	"col.worst":    {"最差", "Worst"},
	"col.spread":   {"各次测试", "All runs"},
	"rule.met":     {"达标", "met"},
	"rule.missed":  {"未达标", "missed"},
	"rule.seeds":   {"种子 %v", "seed %v"},
	"bullet.label": {"限值 %v，最差 %v", "limit %v, worst %v"},

	"line":          {"线路 %v", "Line %v"},
	"line.down":     {"下行", "down"},
	"line.up":       {"上行", "up"},
	"line.delay":    {"单程 %v", "%v one way"},
	"line.jitter":   {"抖动 %v", "jitter %v"},
	"line.loss":     {"丢包 %v", "%v lost"},
	"line.burst":    {"丢包 %v，平均连丢 %v 个", "%v lost in bursts of %v"},
	"line.reorder":  {"乱序 %v", "%v reordered"},
	"line.queue":    {"缓冲 %v", "buffer %v"},
	"line.steps":    {"带宽变化 %v 次", "%v changes of rate"},
	"line.outages":  {"断线", "outages"},
	"line.recorded": {"回放实录（带宽为平均值）", "replayed from a recording (the mean)"},
	"line.norate":   {"不限速", "no limit of rate"},

	"beside":         {"同线路另有 %v 个 TCP 下载（%v），%v 至 %v", "beside it %v bulk TCP (%v) from %v to %v"},
	"beside.default": {"系统默认", "the system's control"},
	"beside.end":     {"结束", "the end"},

	"cdf": {"延迟分布", "Latency distribution"},
	"cdf.note": {
		"应到的帧中，有多少在该延迟之内可以解码。粗线：中间的一次；细线：各次。",
		"Share of the expected frames that could be decoded within a latency. Bold: the middle run; thin: each run.",
	},
	"timeline":       {"时间线：种子 %v（最差的一次）", "Timeline: seed %v, the worst run"},
	"timeline.seed":  {"种子 %v", "seed %v"},
	"timeline.more":  {"其他各次测试的时间线", "Timelines of the other runs"},
	"deadline":       {"时限 %v", "deadline %v"},
	"track.latency":  {"延迟", "latency"},
	"track.frames":   {"误帧", "frames missed"},
	"track.layer":    {"图层", "layer"},
	"track.loss":     {"线路丢包", "lost on the line"},
	"track.rate":     {"码率", "rate"},
	"track.overhead": {"冗余", "parity"},
	"layer.main":     {"主码流", "main"},
	"layer.sub":      {"子码流", "sub"},
	"key.p50":        {"p50", "p50"},
	"key.max":        {"p50 到最大", "p50 to max"},
	"key.stall":      {"卡顿", "stall"},
	"key.late":       {"迟到的帧", "late frames"},
	"key.missing":    {"没到的帧", "missing frames"},
	"key.outage":     {"断线", "line cut"},
	"key.fall":       {"带宽下降", "less capacity"},
	"key.capacity":   {"线路带宽", "capacity"},
	"key.switch":     {"切换决定", "decision to switch"},
	"peak":           {"最高 %v", "peak %v"},

	"events":      {"卡顿与图层切换", "Stalls and layer switches"},
	"events.none": {"没有卡顿，也没有切换图层。", "No stall and no switch of the layer."},
	"events.more": {"另有 %v 条，见 JSON。", "%v more are in the JSON."},
	"events.beside": {
		"卡顿的原因是当时同时发生的事，不是证明。", "A stall's cause is what went on at the same time; that is no proof.",
	},
	"col.at":       {"时刻", "At"},
	"col.what":     {"事件", "What"},
	"col.reason":   {"原因", "Reason"},
	"event.stall":  {"卡顿 %v", "stall of %v"},
	"event.switch": {"%v → %v 换层", "%v → %v changes layer"},
	"event.seen":   {"观众看到%v", "the viewer sees %v"},

	"cause.outage":       {"线路中断", "the line was cut"},
	"cause.capacity":     {"带宽下降", "the line had less capacity"},
	"cause.loss":         {"丢包", "packets were lost"},
	"cause.layer_switch": {"换到另一图层", "the layer changed"},
	"cause.machine":      {"本机太忙", "this machine was too busy"},
	"cause.unknown":      {"不明", "not known"},

	"switch.self":     {"自己的码率填满了队列", "our own rate filled the queue"},
	"switch.loss":     {"丢包超过四分之一", "more than a quarter was lost"},
	"switch.stand":    {"队列积压不退", "the queue stood and did not drain"},
	"switch.fair":     {"会把同线的 TCP 挤得太少", "a TCP beside us would get much less"},
	"switch.yield":    {"给同线的另一路让路", "another sender like us wanted its share"},
	"switch.late":     {"排队太久，帧赶不上时限", "frames could not be in time behind this queue"},
	"switch.cap":      {"达到配置的带宽上限", "the configured cap of the link"},
	"switch.want":     {"观众的需求变了", "viewers wanted something else"},
	"switch.breaker":  {"断路保护（RFC 8083）", "circuit breaker (RFC 8083)"},
	"switch.blackout": {"一秒没有任何回报", "no report came for a second"},
	"switch.probe":    {"探测带宽成功，升层", "a probe went through cleanly: up"},
	"switch.beside":   {"与别人分享后仍有余量，升层", "a fair share beside others had room: up"},
	"switch.undo":     {"降层后丢包不减，退回", "the loss did not go when we went down: back up"},
	"switch.uplink":   {"共用的出口已满", "the shared interface was full"},

	"hops": {"逐跳", "Hop by hop"},
	"hops.note": {
		"各节点自己测得的帧龄（自采集起）：p50 取中位，其余取最差的十秒；最后一行是观众端的实测。",
		"Age of frames since capture as each node measures it: the median of p50, " +
			"the worst ten seconds of the others. The last row is what the viewer saw.",
	},
	"col.hop":      {"跳", "Hop"},
	"col.lost":     {"丢失", "Lost"},
	"col.sent":     {"收到的包", "Packets"},
	"col.restored": {"修复", "Restored"},
	"col.missing":  {"缺失", "Missing"},
	"col.overhead": {"冗余", "Parity"},
	"col.rtt":      {"往返 最小 / 平均", "RTT min / mean"},
	"col.clock":    {"时钟误差", "Clock error"},
	"col.added":    {"本跳增加", "Added"},
	"hop.viewer":   {"观众", "viewer"},

	"runs":             {"各次测试", "Every run"},
	"col.seed":         {"种子", "Seed"},
	"col.note":         {"备注", "Note"},
	"note.failed":      {"未能运行：%v", "could not run: %v"},
	"note.interrupted": {"中断，不计入", "interrupted, not counted"},
	"note.late":        {"模拟器迟到 %v：本机太忙，数据参考价值低", "the emulator was late by %v: the figures mean little"},
	"note.late.again":  {"两次都迟到 %v：本机太忙，数据参考价值低", "late by %v twice: machine too busy, the figures mean little"},
	"note.repeated":    {"首次模拟器迟到，这是重测", "repeated: the emulator was late the first time"},

	"environment": {"环境", "Environment"},
	"env.version": {"classrelay 版本", "classrelay version"},
	"env.command": {"命令行", "Command line"},
	"env.started": {"开始时间", "Started"},
	"env.go":      {"Go", "Go"},
	"env.system":  {"系统", "System"},
	"env.cpu":     {"处理器", "Processor"},
	"env.cpus":    {"核数", "Processors"},
	"env.load":    {"开始时负载（1、5、15 分钟）", "Load at the start (1, 5, 15 min)"},
	"env.schema":  {"数据格式", "Schema"},
	"env.seeds":   {"种子", "Seeds"},
	"env.clock":   {"时钟", "Clock"},
	"env.clock.v": {"摄像头与观众同一时钟，端到端延迟无时钟误差", "camera and viewer share one clock: no clock error end to end"},

	"figure.good_in_300ms":     {"300 ms 内可解码的帧", "frames decodable within 300 ms of capture"},
	"figure.good_in_time":      {"时限内可解码的帧", "frames decodable within the deadline"},
	"figure.p50":               {"延迟中位数，采集到观众", "latency from capture to viewer, median"},
	"figure.p95":               {"延迟 95 %", "latency, 95th percentile"},
	"figure.p99":               {"延迟 99 %", "latency, 99th percentile"},
	"figure.max":               {"最长延迟", "the longest latency"},
	"figure.longest_stall":     {"最长一次卡顿", "longest time the picture stood still"},
	"figure.stalled":           {"卡顿合计", "all stalls together"},
	"figure.stalls":            {"卡顿次数（超过 80 ms）", "stalls of more than 80 ms"},
	"figure.audio_gap":         {"声音最长中断", "longest time without sound"},
	"figure.sound_good":        {"完整到达的声音包", "packets of sound that came whole"},
	"figure.broken_frames":     {"交给观众却不能解码的帧", "frames handed on that cannot be decoded"},
	"figure.pictures_compared": {"与原图比对过的帧", "pictures compared with what the camera sent"},
	"figure.bulk_share":        {"同线路下载所占带宽", "what downloads beside us got of the line"},
	"figure.wrong_pictures":    {"解码结果与原图不符的帧", "pictures that differ from what the camera sent"},
	"figure.overhead":          {"冗余占媒体流量之比", "parity, share of the media sent"},
	"figure.padding":           {"探测流量占媒体流量之比", "probes, share of the media sent"},
	"figure.main_share":        {"主码流时间占比", "time on the main stream"},
	"figure.layer_switches":    {"图层切换次数", "switches of the layer"},
	"figure.back_on_main":      {"线路恢复后回到主码流的时间", "from the line's recovery to the main stream"},
	"figure.first_frame":       {"首帧时间", "from the first dial to the first good frame"},
	"figure.lost_on_line":      {"线路丢包率", "packets that the lines lost"},
	"figure.emulator_late_p99": {"模拟器自身误差 p99", "how late the emulator itself was, p99"},
	"figure.emulator_overrun":  {"模拟器自身丢包", "packets the emulator itself lost"},
}
