package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/classrelay/classrelay/relay/access"
)

func newUser(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "People who may log in",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(newUserHash(t))
	return cmd
}

func newUserHash(t terminal) *cobra.Command {
	var (
		name string
		may  []string
	)
	cmd := &cobra.Command{
		Use:   "hash --name NAME",
		Short: "Print a user for the configuration, with the password hashed",
		Long: `Asks for a password, or reads one line from standard input, and prints the lines
for the configuration: an argon2id hash, and the two hashes that Digest logins need.
The Digest hashes open this node as the password does: keep the file private.`,
		Example: `  classrelay user hash --name teacher >> users.yaml
  echo "$PASSWORD" | classrelay user hash --name recorder --may push`,
		Args: cobra.NoArgs,
		RunE: work(func(context.Context) error {
			password, err := readPassword(t)
			if err != nil {
				return err
			}
			user := access.HashUser(name, password)
			for _, right := range may {
				user.May = append(user.May, access.Right(right))
			}
			if err := user.Validate(); err != nil {
				return err
			}
			out, err := yaml.Marshal(map[string][]access.User{"users": {user}})
			if err != nil {
				return err
			}
			_, err = t.out.Write(out)
			return err
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "the user's `name`")
	_ = cmd.MarkFlagRequired("name") // fails for a flag that is not there only
	cmd.Flags().StringSliceVar(&may, "may", []string{"watch"}, "what the user may do: `watch,push,admin`")
	_ = cmd.RegisterFlagCompletionFunc("may",
		cobra.FixedCompletions([]string{"watch", "push", "admin"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// readPassword asks a person twice, without an echo, or reads one line.
func readPassword(t terminal) (string, error) {
	fd := int(t.in.Fd())
	if !term.IsTerminal(fd) {
		return readLine(t.in)
	}
	ask := func(prompt string) (string, error) {
		_, _ = fmt.Fprint(t.err, prompt) // standard output is for the YAML
		b, err := term.ReadPassword(fd)
		_, _ = fmt.Fprintln(t.err)
		return string(b), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	again, err := ask("Again: ")
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	if first != again {
		return "", errors.New("the two passwords differ")
	}
	return notEmpty(first)
}

func readLine(in *os.File) (string, error) {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	return notEmpty(strings.TrimRight(line, "\r\n"))
}

func notEmpty(password string) (string, error) {
	if password == "" {
		return "", errors.New("the password is empty")
	}
	return password, nil
}
