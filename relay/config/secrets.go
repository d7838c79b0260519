package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/media"
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
	expandFeeds("feeds", c.Feeds, expand)
	for i := range c.Users {
		u := &c.Users[i]
		expand(fmt.Sprintf("users[%d].password", i), &u.Password)
		expand(fmt.Sprintf("users[%d].digest.md5", i), &u.Digest.MD5)
		expand(fmt.Sprintf("users[%d].digest.sha256", i), &u.Digest.SHA256)
	}
	return problems
}

// expandFeeds calls expand for each URL of feeds, which stand under a key.
func expandFeeds(under string, feeds map[media.FeedID]Feed, expand func(key string, s *string)) {
	for _, name := range slices.Sorted(maps.Keys(feeds)) {
		f := feeds[name]
		at := under + "." + string(name)
		expand(at+".main", &f.Main)
		expand(at+".sub", &f.Sub)
		expand(at+".snapshot", &f.Snapshot)
		feeds[name] = f
	}
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
