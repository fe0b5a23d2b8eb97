package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usage is what a command's help has below its text.
const usage = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

{{.CommandPath}} COMMAND -h says more of one.{{end}}
`

// helpCommand is weir help.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "Say more of a command",
		Long:                  "Help says what weir or a command does, as -h after it does.",
		ValidArgsFunction:     commandNames,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			about, err := find(c.Root(), args)
			if err != nil {
				return err
			}
			return about.Help()
		},
	}
}

// find returns the command that arguments name, the program itself if there are none.
func find(root *cobra.Command, args []string) (*cobra.Command, error) {
	c, rest, err := root.Find(args)
	switch {
	case err == nil && len(rest) == 0:
		c.InitDefaultHelpFlag()
		return c, nil
	case c == nil || c == root:
		return nil, noCommand(root, args)
	}
	return nil, noCommand(c, rest)
}

// noCommand says that the first argument is not the name of a command below another one.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return wrong("there is no command %q%s (%s -h says what there is)", args[0], meant(c.SuggestionsFor(args[0])), c.CommandPath())
}

// meant asks whether something else was meant.
func meant(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// wrongFlag says what is wrong with a flag. Where there are arguments of the program itself, no command is what is wrong.
func wrongFlag(c *cobra.Command, err error) error {
	if args := c.Flags().Args(); c == c.Root() && len(args) > 0 {
		return noCommand(c, args)
	}
	hint := ""
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		hint = meant(nearFlags(c, unknown))
	}
	return wrong("%w%s (%s -h says what there is)", err, hint, c.CommandPath())
}

// nearFlags returns the flags that may have been meant: of -listen, --listen, and of others those that cobra, which is
// asked of commands by these names, thinks near.
func nearFlags(c *cobra.Command, unknown *pflag.NotExistError) []string {
	if word := unknown.GetSpecifiedShortnames(); word != "" {
		if name, _, _ := strings.Cut(word, "="); c.Flags().Lookup(name) != nil {
			return []string{"--" + name}
		}
		return nil
	}
	names := &cobra.Command{SuggestionsMinimumDistance: c.Root().SuggestionsMinimumDistance}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	near := names.SuggestionsFor(unknown.GetSpecifiedName())
	for i := range near {
		near[i] = "--" + near[i]
	}
	return near
}

// commandNames completes the name of a command.
func commandNames(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, sub := range c.Root().Commands() {
		if len(args) == 0 && sub.IsAvailableCommand() {
			names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
