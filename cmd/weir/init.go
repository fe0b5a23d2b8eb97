package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

//go:embed init.toml
var startingFile string

// initCommand is weir init.
func initCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a file to start from",
		Long: `Init prints a site with comments, to be changed. With FILE it writes it there,
but never over a file that is there already. With --demo, or with flags of the
demonstration, it is the site that weir serves without a command.`,
		Example: `  weir init site.toml
  weir init --demo
  weir init --cgi /usr/lib/cgi-bin/gitweb.cgi --at /code/ site.toml`,
		Args: files(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			text := startingFile
			if c.Flags().NFlag() > 0 {
				var err error
				if text, err = o.file(); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				_, err := io.WriteString(c.OutOrStdout(), text)
				return err
			}
			return create(args[0], text)
		},
	}
	c.Flags().Bool("demo", false, "the site of the demonstration, which any other flag asks for, too")
	o.flags(c)
	return c
}

// create writes a file that is not there yet.
func create(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: give another name, or remove it", name)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name) // half a file is none
	}
	return err
}
