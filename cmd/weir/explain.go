package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/weirhttp/weir/cmd/weir/internal/explain"
	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/rewrite"
)

// explainOptions is what the flags of weir explain say.
type explainOptions struct {
	requestOptions
	user    string
	from    string
	body    bool
	json    bool
	secrets bool
	times   bool
	timeout time.Duration
}

// explainCommand is weir explain.
func explainCommand() *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain FILE URL",
		Short: "Send one request through a site, and say what became of it at each step",
		Long: `Explain builds the site of a file, sends it one request, and says which filters
and apps the request came to, outermost first (→), what each made of it, and
then, on the way back (←), what each made of the response. Only what changes is
said: + is new, - is gone, ~ is now another.

URL is a path, such as /code/, or a whole one, which chooses the host. The
request is a real one: what applications do when they are asked, they do. Nobody
else can send one, filters that count begin at 0, and what was started is ended.
Values of cookies and of credentials are shown by their length alone.

The exit code is 0 if there was an answer, whatever it says.`,
		Example: `  weir explain site.toml /code/
  weir explain site.toml http://example.org/ -H 'Accept-Encoding: gzip'
  weir explain site.toml /api/ -X PUT -d @body.json --user ann --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return wrong("%s takes a FILE and a URL (%[1]s -h says more)", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.hasBody = c.Flags().Changed("data")
			return explainSite(c, args[0], args[1], o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.method, "method", "X", "", "the `METHOD`; GET, or POST with --data")
	f.StringArrayVarP(&o.fields, "header", "H", nil, "a `FIELD` such as 'Accept: text/html'; 'Accept:' sends none")
	f.StringVarP(&o.data, "data", "d", "", "the `BODY`; @file is that of a file, @- that of standard input")
	f.StringVar(&o.user, "user", "", "sign in as `NAME`, as a filter around the site would")
	f.StringVar(&o.from, "from", "", "come from this `ADDRESS`; from this machine otherwise")
	f.BoolVar(&o.body, "body", false, "show the beginning of the body, too")
	f.BoolVar(&o.json, "json", false, "write all that is known, as JSON")
	f.BoolVar(&o.times, "times", false, "show how long each step took")
	f.BoolVar(&o.secrets, "secrets", false, "show the values of Authorization, Cookie and the like")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "how long the answer may take, its body included")
	return c
}

// explainSite sends a request through the site of a file and says what became of it.
func explainSite(c *cobra.Command, name, target string, o explainOptions) error {
	o.given = c.InOrStdin()
	req, err := o.request(target)
	if err != nil {
		return err
	}
	peer, err := peerOf(o.from)
	if err != nil {
		return err
	}
	rec := explain.NewRecorder(o.times)
	slog.SetDefault(rec.Logger()) // what the file does not give another one
	site, err := deploy.Load(name, parts())
	if err != nil {
		return err
	}
	warn(site, c.ErrOrStderr())
	h, closer, err := site.Trace(rec.Probe)
	if err != nil {
		return err
	}
	if o.user != "" {
		h = rewrite.Request(rewrite.User.Set(o.user))(h)
	}
	e, err := rec.Ask(req.WithContext(c.Context()), h, peer, o.timeout)
	return errors.Join(o.write(c.OutOrStdout(), e), err, closer.Close())
}

// write writes an explanation as somebody wants it.
func (o explainOptions) write(w io.Writer, e *explain.Explanation) error {
	if o.json {
		return e.WriteJSON(w, o.secrets)
	}
	intro := ""
	if o.from != "" {
		intro += " from " + o.from
	}
	if o.user != "" {
		intro += " by " + o.user
	}
	p := colorsOf(w)
	return e.WriteText(w, explain.Style{
		Colors: explain.Colors{Bad: p.bad, Odd: p.odd, Good: p.good, Name: p.name, Dim: p.dim},
		Width:  lineWidth(w), Intro: intro, Secrets: o.secrets, Times: o.times, Body: o.body,
	})
}

// lineWidth returns how wide the lines of a terminal are, within reason. For all else it is what COLUMNS says, or 80.
func lineWidth(w io.Writer) int {
	const narrow = 40
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return max(width, narrow)
		}
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		return max(width, narrow)
	}
	return 80
}
