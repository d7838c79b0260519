package media

import "time"

// ntpEpoch is how many seconds NTP's 1900 lies before Unix' 1970 (RFC 5905 §6).
const ntpEpoch = 2208988800

// NTP returns t as a 64-bit NTP time stamp: seconds since 1900 and a 32-bit
// fraction, as RTCP sender reports carry it (RFC 3550 §6.4.1).
func NTP(t time.Time) uint64 {
	ns := t.UnixNano()
	sec := ns / 1e9
	frac := ns % 1e9
	if frac < 0 {
		sec--
		frac += 1e9
	}
	return uint64(sec+ntpEpoch)<<32 | uint64(frac)<<32/1e9
}

// FromNTP is the inverse of NTP, to a quarter of a nanosecond. It reads the
// stamp in NTP's era 0, which ends in 2036, or era 1 where that is nearer.
func FromNTP(n uint64) time.Time {
	sec := int64(n>>32) - ntpEpoch
	if n>>63 == 0 { // before 1968 in era 0: it is era 1
		sec += 1 << 32
	}
	frac := (n&0xffffffff*1e9 + 1<<31) >> 32
	return time.Unix(sec, int64(frac))
}
