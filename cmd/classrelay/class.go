package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/problem"
)

// classFlags are the flags of the class commands.
type classFlags struct {
	at          string
	main, floor string
}

func newClass(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "class",
		Short: "Who watches whom in a class of several schools",
		Long: `A class has rooms, one a node; one of them is the main school, which all others watch as
rtsp://THEIR-NODE/class/NAME or on the page /watch/class/NAME. Any room can become the
main school while the class runs: players stay connected. Nobody is shown his own room.

The commands ask a running node over its pages' port, from the same machine.`,
		Args: cobra.NoArgs,
		RunE: help,
	}
	cmd.AddCommand(newClassList(t), newClassTurn(t))
	return cmd
}

// atFlag adds --at to a command that asks a node.
func (f *classFlags) atFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.at, "at", "http://127.0.0.1:8080", "the `URL` of the node's pages (listen.http)")
}

func newClassList(t terminal) *cobra.Command {
	var f classFlags
	cmd := &cobra.Command{
		Use:     "list [--at URL]",
		Short:   "Show the classes a node knows, and who watches whom",
		Example: "  classrelay class list",
		Args:    cobra.NoArgs,
		RunE: interruptible(func(ctx context.Context) error {
			var list console.ClassList
			if err := f.ask(ctx, http.MethodGet, "/api/v1/classes", nil, &list); err != nil {
				return err
			}
			return writeClasses(t.out, list.Classes)
		}),
	}
	f.atFlag(cmd)
	return cmd
}

func newClassTurn(t terminal) *cobra.Command {
	var f classFlags
	cmd := &cobra.Command{
		Use:   "turn CLASS --main NODE [--floor NODE] [--at URL]",
		Short: "Make a room the main school, and give the floor",
		Long: `Makes a room the main school, and gives the floor: the room that the main school watches.
At a node that has the class in its configuration all is possible; at a school's node,
what that school may have: to become the main school or take the floor itself, and while
it is the main school, to hand on either.`,
		Example: `  classrelay class turn maths-7b --main yinshan
  classrelay class turn maths-7b --main yinshan --floor banpo`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return interruptible(func(ctx context.Context) error {
			turn := map[string]string{"main": f.main, "floor": f.floor}
			if err := f.ask(ctx, http.MethodPost, "/api/v1/classes/"+args[0], turn, nil); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.out, "%s: %s is the main school, or will be as soon as the county agrees; "+
				"see classrelay class list\n", args[0], f.main)
			return err
		})(cmd, args)
	}
	f.atFlag(cmd)
	cmd.Flags().StringVar(&f.main, "main", "", "the `node` whose room becomes the main school")
	cmd.Flags().StringVar(&f.floor, "floor", "", "the `node` whose room the main school watches (default: none)")
	_ = cmd.MarkFlagRequired("main") // fails for a flag that is not there only
	return cmd
}

// answerWithin bounds a question to a node on this machine.
const answerWithin = 5 * time.Second

// ask asks the node; body and result may be nil. What the node refuses is told in its
// words.
func (f *classFlags) ask(ctx context.Context, method, path string, body, result any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var send bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&send).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.at, "/")+path, &send)
	if err != nil {
		return fmt.Errorf("--at: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no node answers at %s: does it run, and with listen.http? (%w)", f.at, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		return refusedBy(resp)
	}
	if result == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(result)
}

// refusedBy is the node's reason.
func refusedBy(resp *http.Response) error {
	var p problem.Problem
	const enough = 64 << 10
	if json.NewDecoder(io.LimitReader(resp.Body, enough)).Decode(&p) != nil || p.Detail == "" {
		return errors.New("the node answers " + resp.Status)
	}
	return failed(errors.New(p.Detail))
}

func writeClasses(w io.Writer, classes []console.Class) error {
	if len(classes) == 0 {
		_, err := fmt.Fprintln(w, "no classes; they are written in the configuration of the county's hubs")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "CLASS\tROOM\tSHOWS\t")
	for _, c := range classes {
		for _, r := range c.Rooms {
			note := ""
			switch r.Node {
			case c.Main:
				note = "main school"
				if c.Meets != "" {
					note += "; the class meets on " + c.Meets
				}
			case c.Floor:
				note = "has the floor"
			}
			shows := r.Shows
			if shows == "" {
				shows = "-"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.ID, r.Node, shows, note)
		}
	}
	return table.Flush()
}
