package config

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/classrelay/classrelay/internal/mask"
)

// Effective is the configuration in force as YAML: defaults filled in, passwords
// and hashes masked, so that it can be sent to somebody for help.
func (c *Config) Effective() ([]byte, error) {
	d := c.WithDefaults()
	for name, f := range d.Feeds {
		f.Main, f.Sub, f.Snapshot = mask.URL(f.Main), mask.URL(f.Sub), mask.URL(f.Snapshot)
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
		*s = mask.Stars
	}
}
