package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/weirhttp/weir/deploy"
)

// graphOptions are the flags of weir graph.
type graphOptions struct {
	svg, ascii, open bool
	output           string
}

// graphCommand is weir graph.
func graphCommand() *cobra.Command {
	var o graphOptions
	c := &cobra.Command{
		Use:   "graph FILE",
		Short: "Show a site as a tree or as a picture",
		Long: `Graph shows what is mounted where in the site of a file, and the filters that a
request passes on the way, outermost first. It starts nothing.

In the tree, a ▸ is before a filter. What stands in several places is one instance,
such as a limiter, which counts the requests of all of them together. It is shown
in full once, with ×3 for three places, and with (above) after that. The last
column is where the section begins. Settings that may be secret are shown without
their value, as "env …".

With --svg or --output it is a picture in SVG, which needs no other file and is
light or dark as its reader prefers.`,
		Example:           "  weir graph site.toml\n  weir graph --output site.svg site.toml\n  weir graph --open site.toml",
		Args:              files(1, 1),
		ValidArgsFunction: siteFiles,
		RunE: func(c *cobra.Command, args []string) error {
			if o.ascii && (o.svg || o.open || o.output != "") {
				return wrong("--ascii is for the tree, and not for a picture")
			}
			if o.open && o.output == "-" {
				return wrong("--open needs a file, and --output - is none")
			}
			site, err := deploy.Load(args[0], parts())
			if err != nil {
				return err
			}
			warn(site, c.ErrOrStderr())
			return o.graph(c.Context(), c.OutOrStdout(), newOverview(site.Root(), args[0]), filepath.Base(args[0]))
		},
	}
	c.Flags().BoolVar(&o.svg, "svg", false, "write a picture in SVG to standard output")
	c.Flags().StringVarP(&o.output, "output", "o", "", "write the picture to a `FILE`; - is standard output")
	c.Flags().BoolVar(&o.open, "open", false, "open the picture in the browser")
	c.Flags().BoolVar(&o.ascii, "ascii", false, "draw the tree with plain ASCII")
	return c
}

// graph writes what the flags ask for.
func (o graphOptions) graph(ctx context.Context, stdout io.Writer, v *overview, title string) error {
	if !o.svg && !o.open && o.output == "" {
		s := boxStrokes
		if o.ascii {
			s = asciiStrokes
		}
		return writeTree(stdout, v, s, colorsOf(stdout), columnsOf(stdout))
	}
	var b bytes.Buffer
	if err := writeSVG(&b, v, title); err != nil {
		return err
	}
	if o.output == "-" || o.output == "" && !o.open {
		_, err := stdout.Write(b.Bytes())
		return err
	}
	name, err := o.save(b.Bytes(), title)
	if err != nil || !o.open {
		return err
	}
	if o.output == "" {
		fmt.Fprintln(stdout, name)
	}
	return openInBrowser(ctx, name)
}

// save writes a picture to the file that is asked for, or to a new one that the browser can read in peace.
func (o graphOptions) save(picture []byte, title string) (name string, err error) {
	if o.output != "" {
		return o.output, os.WriteFile(o.output, picture, 0o666)
	}
	f, err := os.CreateTemp("", "weir-*.svg")
	if err != nil {
		return "", err
	}
	if _, err := f.Write(picture); err != nil {
		f.Close()
		return "", err
	}
	return f.Name(), f.Close()
}

// opener is the command that opens a file as a click on it would.
func opener(system string) []string {
	switch system {
	case "darwin":
		return []string{"open"}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	return []string{"xdg-open"}
}

// openInBrowser opens a file. Whatever goes wrong, the file is there.
func openInBrowser(ctx context.Context, name string) error {
	absolute, err := filepath.Abs(name) // no flag, whatever it is called
	if err != nil {
		return err
	}
	command := append(opener(runtime.GOOS), absolute)
	if _, err := exec.LookPath(command[0]); err != nil {
		return fmt.Errorf("the picture is %s, but there is no %s to open it with: open it in a browser yourself", name, command[0])
	}
	said, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("the picture is %s, but %s could not open it (%w%s): open it in a browser yourself", name,
			command[0], err, firstLine(said))
	}
	return nil
}

// firstLine returns what a program had to say, after a colon.
func firstLine(said []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
	if line == "" {
		return ""
	}
	return ": " + plain(line)
}

// defaultColumns is how wide a text is that goes to no terminal.
const defaultColumns = 80

// columnsOf returns how many columns a line may have.
func columnsOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return max(columns, 40)
		}
	}
	return defaultColumns
}
