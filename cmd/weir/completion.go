package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completionCommand is weir completion.
func completionCommand() *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	return &cobra.Command{
		Use:   "completion bash|fish|powershell|zsh",
		Short: "Print a script by which a shell completes what is typed",
		Long: `Completion prints a script for a shell, which then completes commands, flags and
names of files of weir.`,
		Example: `  source <(weir completion bash)
  weir completion zsh >"${fpath[1]}/_weir"
  weir completion fish >~/.config/fish/completions/weir.fish
  weir completion powershell | Out-String | Invoke-Expression`,
		DisableFlagsInUseLine: true,
		ValidArgs:             shells,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return wrong("%s takes one of %s", c.Name(), strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return writeCompletion(c.Root(), args[0], c.OutOrStdout())
		},
	}
}

// writeCompletion writes the script for a shell.
func writeCompletion(root *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "fish":
		return root.GenFishCompletion(w, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(w)
	}
	return root.GenZshCompletion(w)
}
