package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/deploy"
)

// checkCommand is weir check.
func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE…",
		Short: "Say all that is wrong in files, at once",
		Long: `Check reads files, and those that they refer to, and says all that is wrong or
odd in them: each thing in a line that begins with FILE:LINE:COLUMN, and below it
the line of the file. It starts nothing. Of a file that is right it says nothing.
Of FILE#NAME it checks the app or pipeline NAME in place of main.

It exits with 1 if anything is wrong. What is only odd is a warning, and the exit
code stays 0.`,
		Example:               "  weir check site.toml\n  weir check sites/*.toml",
		Args:                  files(1, 0),
		ValidArgsFunction:     siteFiles,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, names []string) error {
			return check(names, c.ErrOrStderr())
		},
	}
}

// build returns what only the constructors of filters and apps find wrong. What they make starts with its first request.
func build(site *deploy.Site) error {
	_, closer, err := site.Build()
	if err != nil {
		return err
	}
	return closer.Close()
}

// check warns of what is odd in files, and returns all that is wrong in them, each thing once.
func check(names []string, stderr io.Writer) error {
	var all deploy.Errors
	for _, name := range names {
		site, err := deploy.Load(name, parts())
		if err == nil {
			warn(site, stderr)
			err = build(site)
		}
		if err == nil {
			continue
		}
		wrong, ok := errors.AsType[deploy.Errors](err)
		if !ok {
			return err
		}
		for _, e := range wrong {
			if !slices.ContainsFunc(all, func(other *deploy.Error) bool { return *other == *e }) {
				all = append(all, e)
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// warn says what is odd in the files of a site.
func warn(site *deploy.Site, w io.Writer) {
	p := colorsOf(w)
	for _, e := range site.Warnings {
		fmt.Fprintln(w, p.odd("warning:")+" "+p.fault(e))
	}
}

// faults returns what deploy.Errors says, in colours.
func (p palette) faults(list deploy.Errors) string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = p.fault(e)
	}
	return strings.Join(texts, "\n")
}

// fault returns an error with its excerpt below it, whose mark it colours.
func (p palette) fault(e *deploy.Error) string {
	where, what := "", e.Error()
	if e.Pos.File != "" {
		where = e.Pos.String() + ":"
		what = strings.TrimPrefix(what, where)
	}
	text := p.name(where) + what
	if line, mark, found := strings.Cut(e.Excerpt, "\n"); found {
		text += "\n" + p.dim(line) + "\n" + p.bad(mark)
	}
	return text
}
