// Package mask hides the passwords that stand in cameras' addresses, wherever such an
// address is shown: in the printed configuration, in logs, on pages.
//
// A password stands before the @, and with many makes of cameras in the path or in the
// query as well: rtsp://HOST/user=admin_password=SECRET_channel=1, /snap.cgi?usr=a&pwd=SECRET.
package mask

import (
	"net/url"
	"regexp"
	"strings"
)

// Stars stand for a password.
const Stars = "***"

// named is a password with its name before it. It ends where the next thing begins.
var named = regexp.MustCompile(`(?i)((?:^|[?&/_;, "])(?:password|passwd|pass|pwd|psw|loginpas)=)([^&/_;, "]+)`)

// URL hides the passwords of an address. What cannot be read is hidden as a whole.
func URL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return Stars
	}
	if _, has := u.User.Password(); !has {
		return Text(s)
	}
	// Not url.UserPassword, which would write the stars in percent code.
	user := url.User(u.User.Username()).String()
	u.User = nil
	return u.Scheme + "://" + user + ":" + Stars + "@" + Text(u.String()[len(u.Scheme)+len("://"):])
}

// Text hides the passwords that stand under their names in a path or in words.
func Text(s string) string { return named.ReplaceAllString(s, "${1}"+Stars) }

// Masked tells whether an address has stars, of whatever number, where a password
// belongs: it was printed somewhere, and the password is lost in it.
func Masked(s string) bool {
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	if password, has := u.User.Password(); has && stars(password) {
		return true
	}
	for _, m := range named.FindAllStringSubmatch(s, -1) {
		if stars(m[2]) {
			return true
		}
	}
	return false
}

func stars(s string) bool { return len(s) >= len(Stars) && strings.Trim(s, "*") == "" }
