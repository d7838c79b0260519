package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// expandSecrets replaces ${NAME} and ${file:/path} in camera URLs, passwords and
// digests.
func expandSecrets(c *Config, src Source) (problems []Problem) {
	expand := func(key string, s *string) {
		v, err := src.expand(*s)
		if err != nil {
			problems = append(problems, Problem{Key: key, What: err.Error()})
			return
		}
		*s = v
	}
	for _, name := range slices.Sorted(maps.Keys(c.Feeds)) {
		f := c.Feeds[name]
		expand(fmt.Sprintf("feeds.%s.main", name), &f.Main)
		expand(fmt.Sprintf("feeds.%s.sub", name), &f.Sub)
		expand(fmt.Sprintf("feeds.%s.snapshot", name), &f.Snapshot)
		c.Feeds[name] = f
	}
	for i := range c.Users {
		u := &c.Users[i]
		expand(fmt.Sprintf("users[%d].password", i), &u.Password)
		expand(fmt.Sprintf("users[%d].digest.md5", i), &u.Digest.MD5)
		expand(fmt.Sprintf("users[%d].digest.sha256", i), &u.Digest.SHA256)
	}
	return problems
}

// expand replaces each ${…} in s. In the user:password@ part of a URL the value
// is escaped, so that a password may hold any character.
func (src Source) expand(s string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("${%.16s… has no closing }", name)
		}
		value, err := src.lookup(name)
		if err != nil {
			return "", err
		}
		if strings.Contains(after, "@") {
			value = escapeUserinfo(value)
		}
		out.WriteString(value)
		s = after
	}
}

func (src Source) lookup(name string) (string, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		if src.ReadFile == nil {
			return "", fmt.Errorf("${%s}: files are not read here", name)
		}
		b, err := src.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("${%s}: %w", name, err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	if src.Env != nil {
		if v, ok := src.Env(name); ok {
			return v, nil
		}
	}
	return "", fmt.Errorf("${%s}: the environment has no variable %s", name, name)
}

func escapeUserinfo(s string) string {
	return strings.TrimPrefix(url.UserPassword("", s).String(), ":")
}
