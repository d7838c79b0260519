package mask

import "testing"

func TestPasswordsOfAddressesAreHidden(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://10.1.2.3/s1":                       "rtsp://10.1.2.3/s1",
		"rtsp://cam@10.1.2.3/s1":                   "rtsp://cam@10.1.2.3/s1",
		"rtsp://cam:secret@10.1.2.3/s1?x=1":        "rtsp://cam:***@10.1.2.3/s1?x=1",
		"rtsp://c%40m:se%2Fcret@10.1.2.3:554/s":    "rtsp://c%40m:***@10.1.2.3:554/s",
		"rtsp://h/user=admin_password=secret_c=1":  "rtsp://h/user=admin_password=***_c=1",
		"rtsp://h/user=admin&password=secret&c=1":  "rtsp://h/user=admin&password=***&c=1",
		"rtsp://h/user=admin&password=&channel=1":  "rtsp://h/user=admin&password=&channel=1",
		"http://h/snap.cgi?usr=a&PWD=secret":       "http://h/snap.cgi?usr=a&PWD=***",
		"http://h/snap.cgi?loginuse=a&loginpas=se": "http://h/snap.cgi?loginuse=a&loginpas=***",
		"http://a:secret@h/s?pwd=secret":           "http://a:***@h/s?pwd=***",
		"rtsp://h/bypass=1/compass=2":              "rtsp://h/bypass=1/compass=2",
		"rtsp://a:b\x7f@h/":                        Stars,
	} {
		got := URL(in)
		if got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
		if again := URL(got); again != got {
			t.Errorf("%q is shown as %q the second time", got, again)
		}
	}
}

func TestStarsAreNoPassword(t *testing.T) {
	for in, want := range map[string]bool{
		"rtsp://cam:***@10.1.2.3/s1":        true,
		"rtsp://cam:********@10.1.2.3/s1":   true,
		"rtsp://cam:%2A%2A%2A@10.1.2.3/s1":  true,
		"rtsp://h/user=admin_password=***_": true,
		"http://h/snap.cgi?pwd=***":         true,
		"rtsp://cam:secret@10.1.2.3/s1":     false,
		"rtsp://cam:s***t@10.1.2.3/s1":      false,
		"rtsp://cam:**@10.1.2.3/s1":         false,
		"rtsp://cam@10.1.2.3/***":           false,
		"":                                  false,
	} {
		if got := Masked(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}
