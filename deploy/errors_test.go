package deploy_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

var update = flag.Bool("update", false, "write what the errors are now into testdata")

// split returns the files of a text in which each begins with a line "-- name --".
func split(text string) (namesAndTexts []string) {
	for part := range strings.SplitSeq("\n"+text, "\n-- ") {
		if name, rest, found := strings.Cut(part, " --\n"); found {
			namesAndTexts = append(namesAndTexts, name, rest+"\n")
		}
	}
	return namesAndTexts
}

// TestErrors has the errors and warnings of each file of testdata/errors.
func TestErrors(t *testing.T) {
	t.Setenv("WEIR_TEST_TEXT", "secret")
	names, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".txt"), "-", " "), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want, _ := strings.Cut(string(text), "\n-- errors --\n")
			dir := write(t, split(strings.TrimSuffix(files, "\n"))...)
			got := strings.ReplaceAll(allErrors(dir+"/site.toml"), dir+"/", "")
			if *update {
				if err := os.WriteFile(name, []byte(files+"\n-- errors --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// allErrors returns what is wrong with a site, and its warnings.
func allErrors(name string) string {
	site, err := deploy.Load(name, parts())
	warnings := ""
	if err == nil {
		for _, w := range site.Warnings {
			warnings += "warning: " + w.Error() + "\n" + w.Excerpt + "\n"
		}
		_, _, err = site.Build()
	}
	var list deploy.Errors
	if err == nil {
		return warnings + "none\n"
	}
	if !errors.As(err, &list) {
		return "no Errors: " + err.Error()
	}
	return warnings + err.Error() + "\n"
}
