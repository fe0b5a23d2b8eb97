package main

import (
	"fmt"
	"io"
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
			var all deploy.Errors
			for _, name := range names {
				site, err := deploy.Load(name, parts())
				if err != nil {
					all = append(all, err.(deploy.Errors)...)
					continue
				}
				warn(site, c.ErrOrStderr())
			}
			if len(all) > 0 {
				return all
			}
			return nil
		},
	}
}

// warn says what is odd in the files of a site.
func warn(site *deploy.Site, w io.Writer) {
	if len(site.Warnings) > 0 {
		fmt.Fprintln(w, colorsOf(w).faults(site.Warnings, "warning"))
	}
}

// faults returns errors as deploy.Errors does, coloured, or warnings.
func (p palette) faults(list deploy.Errors, kind string) string {
	var lines []string
	for _, e := range list {
		line := e.Error()
		if kind == "warning" {
			line = p.odd("warning: ") + line
		} else if rest, ok := strings.CutPrefix(line, e.Pos.String()); ok && e.Pos.File != "" {
			line = p.bad(e.Pos.String()) + rest
		}
		lines = append(lines, line)
		if e.Excerpt != "" {
			lines = append(lines, p.dim(e.Excerpt))
		}
	}
	return strings.Join(lines, "\n")
}
