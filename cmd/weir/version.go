package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// versionCommand is weir version.
func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which weir this is",
		Long: `Version prints the version of weir, that of Go, the system, and the revision that
it was built from, if that is known.`,
		Args:                  none,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), version())
			return err
		},
	}
}

// version says in one line which weir this is.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "weir, built without modules"
	}
	return describe(build)
}

// describe says in one line what was built.
func describe(build *debug.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range build.Settings {
		settings[s.Key] = s.Value
	}
	words := []string{"weir", build.Main.Version, build.GoVersion, settings["GOOS"] + "/" + settings["GOARCH"]}
	if build.Main.Version == "" {
		words[1] = "(devel)"
	}
	if revision := settings["vcs.revision"]; revision != "" {
		words = append(words, "revision", revision)
		if at := settings["vcs.time"]; at != "" {
			words = append(words, "of", at)
		}
		if settings["vcs.modified"] == "true" {
			words = append(words, "with changes")
		}
	}
	return strings.Join(words, " ")
}
