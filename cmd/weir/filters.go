package main

import (
	"io"

	"github.com/spf13/cobra"
)

//go:generate go test -run TestTheCatalogueIsFresh . -catalogue

// filtersCommand is weir filters.
func filtersCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "filters [NAME]",
		Aliases: []string{"apps"},
		Short:   "Say which filters and apps a file may use, and what each does",
		Long: `Filters lists the filters and apps that a file may use. Of the one with a NAME it
says all: what it does, how a file writes it, and its keys. Of the name server it
says what may be in the section [server].`,
		Example: "  weir filters\n  weir filters rate-limit\n  weir filters server",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong("%s takes one NAME, there are %d arguments", c.Name(), len(args))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return newManual(io.Discard).names(), cobra.ShellCompDirectiveNoFileComp
		},
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			m := newManual(c.OutOrStdout())
			if len(args) == 0 {
				m.list()
				return nil
			}
			return m.page(args[0])
		},
	}
}
