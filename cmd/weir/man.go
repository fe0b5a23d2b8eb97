package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand is weir man.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man [COMMAND]",
		Short: "Print the manual page of weir, or of a command",
		Long: `Man prints a manual page of section 1 in the language of man(1): that of weir
itself, or that of a command.`,
		Example: `  weir man | man -l -
  weir man serve >weir-serve.1`,
		ValidArgsFunction:     commandNames,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			page, err := find(c.Root(), args)
			if err != nil {
				return err
			}
			title := strings.ToUpper(strings.ReplaceAll(page.CommandPath(), " ", "-"))
			return doc.GenMan(page, &doc.GenManHeader{Title: title, Section: "1", Source: "weir", Manual: "weir"}, c.OutOrStdout())
		},
	}
}
