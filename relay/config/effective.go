package config

import (
	"fmt"
	"net/url"

	"github.com/goccy/go-yaml"
)

// masked stands for a secret.
const masked = "***"

// Effective is the configuration in force as YAML: defaults filled in, passwords
// and hashes masked, so that it can be sent to somebody for help.
func (c *Config) Effective() ([]byte, error) {
	d := c.WithDefaults()
	for name, f := range d.Feeds {
		f.Main, f.Sub, f.Snapshot = maskURL(f.Main), maskURL(f.Sub), maskURL(f.Snapshot)
		d.Feeds[name] = f
	}
	for i := range d.Users {
		u := &d.Users[i]
		maskSecret(&u.Password)
		maskSecret(&u.Digest.MD5)
		maskSecret(&u.Digest.SHA256)
	}
	out, err := yaml.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("print configuration: %w", err)
	}
	return out, nil
}

func maskSecret(s *string) {
	if *s != "" {
		*s = masked
	}
}

func maskURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return masked
	}
	if _, has := u.User.Password(); !has {
		return s
	}
	// Not url.UserPassword, which would write the stars in percent code.
	user := url.User(u.User.Username()).String()
	u.User = nil
	return u.Scheme + "://" + user + ":" + masked + "@" + u.String()[len(u.Scheme)+len("://"):]
}
