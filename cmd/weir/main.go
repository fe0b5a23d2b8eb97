// Weir serves web applications below prefixes and stacks of filters, as a file describes them: a program of CGI, one of
// WSGI in Python, another server, files. Run it with -h for its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/deploy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal lets requests finish, a second one ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// commands returns what the program can do beside its demonstration. A new command is one line here.
func commands() []*cobra.Command {
	return []*cobra.Command{
		serveCommand(),
		checkCommand(),
		graphCommand(),
		routesCommand(),
		initCommand(),
		versionCommand(),
		completionCommand(),
		manCommand(),
		explainCommand(),
		filtersCommand(),
		schemaCommand(),
	}
}

// run is the whole program. It returns the exit code: 0 when all went well, 1 when a file is wrong or serving failed,
// 2 when the arguments are wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if wrong, ok := errors.AsType[deploy.Errors](err); ok {
		fmt.Fprintln(stderr, colorsOf(stderr).faults(wrong))
		return 1
	}
	fmt.Fprintf(stderr, "%s %v\n", colorsOf(stderr).bad("weir:"), err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// rootCommand returns the program with all of its commands.
func rootCommand() *cobra.Command {
	root := demoCommand()
	root.SilenceErrors, root.SilenceUsage = true, true // run says what is wrong, in one line
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(wrongFlag)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(helpCommand())
	root.SetUsageTemplate(usage)
	root.DisableAutoGenTag = true // of manual pages
	root.Version = version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(commands()...)
	return root
}

// usageError says what is wrong with the arguments: the exit code is 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// wrong returns a usageError with a text as fmt.Errorf makes it.
func wrong(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// none wants no arguments.
func none(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrong("%s takes no arguments, there is %q", c.Name(), args[0])
	}
	return nil
}

// files wants the names of files as arguments, no fewer and no more; most 0 is any number.
func files(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch n := len(args); {
		case n < least:
			return wrong("%s takes a FILE (%s -h says more)", c.Name(), c.CommandPath())
		case most > 0 && n > most:
			return wrong("%s takes one FILE, there are %d arguments (%s -h says more)", c.Name(), n, c.CommandPath())
		}
		return nil
	}
}

// siteFiles completes the names of files that weir reads.
func siteFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"toml", "ini", "cfg", "conf"}, cobra.ShellCompDirectiveFilterFileExt
}
