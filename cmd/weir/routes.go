package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/deploy"
)

// routesCommand is weir routes.
func routesCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "routes FILE",
		Short: "List which place of a site leads to which application",
		Long: `Routes lists the places of the site of a file, a host and a prefix each, the
application that gets the requests below it, and all filters that they pass on the
way, outermost first. It starts nothing.

The first line whose place a request is below is its own. One for which there is
no application gets 404 Not Found from the mounts that the line names. What a
cascade asks before is named with "after": the line is for requests to which all of
that answered 404 or 405. A filter with others in it stands before them, as in
"office(auth, limit)", and has a ? where only some requests pass them. Behind a
place there may be a pattern, as in "/ GET /items/{id}": of the patterns at one
place, which are of http.ServeMux, the one that fits best counts, not the first.

With --json it is a list of objects with these fields:

  host, prefix   the place; host is "" where any will do, prefix ends with a slash
  pattern        what requests have to fit besides; missing: all below the place
  section, part  the application, such as "app.blog" and "proxy"
  file, line     where the section begins
  notFound       true: there is no application, and section is the mounts that
                 answers; missing otherwise
  after          the sections that a cascade asks before; missing: none
  filters        a list of objects with section, part, file and line, and with
                 filters, if there are others in it`,
		Example:           "  weir routes site.toml\n  weir routes --json site.toml",
		Args:              files(1, 1),
		ValidArgsFunction: siteFiles,
		RunE: func(c *cobra.Command, args []string) error {
			site, err := deploy.Load(args[0], parts())
			if err != nil {
				return err
			}
			warn(site, c.ErrOrStderr())
			v := newOverview(site.Root(), args[0])
			list, err := v.routes()
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.OutOrStdout(), list)
			}
			return writeRoutes(c.OutOrStdout(), v, list, colorsOf(c.OutOrStdout()), columnsOf(c.OutOrStdout()))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON, for other programs")
	return c
}

// route is a place and what is there.
type route struct {
	Host     string       `json:"host"`
	Prefix   string       `json:"prefix"`
	Pattern  string       `json:"pattern,omitempty"`
	Section  string       `json:"section"`
	Part     string       `json:"part"`
	File     string       `json:"file"`
	Line     int          `json:"line"`
	NotFound bool         `json:"notFound,omitempty"`
	After    []string     `json:"after,omitempty"`
	Filters  []passed     `json:"filters"`
	node     *deploy.Node // the application
	before   []*deploy.Node
}

// passed is a filter that a request passes.
type passed struct {
	Section string   `json:"section"`
	Part    string   `json:"part"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Filters []passed `json:"filters,omitempty"`
	node    *deploy.Node
}

// mostRoutes is how many routes, and filters of them, are listed at most. A file can name two things two times each, and
// so on, so that there are more ways through its site than anybody can read.
const mostRoutes = 100_000

var errManyRoutes = errors.New("there are more ways through this site than can be listed: weir graph shows it")

// walk is the way to an app while routes are listed.
type walk struct {
	*overview
	list []route
	left int // how many may still be listed
}

// routes returns the routes of a site, in the order in which they are matched.
func (v *overview) routes() ([]route, error) {
	w := &walk{overview: v, list: []route{}, left: mostRoutes}
	w.app(v.root, route{Prefix: "/"})
	if w.left < 0 {
		return nil, errManyRoutes
	}
	return w.list, nil
}

// app lists the routes that go on at an app, which is reached by a route so far.
func (w *walk) app(n *deploy.Node, r route) {
	r.Filters = slices.Concat(r.Filters, w.filters(n.Filters))
	apps := slices.DeleteFunc(slices.Clone(n.Refs), isFilter)
	if w.left -= 1 + len(r.Filters) + len(r.before); w.left < 0 {
		return
	}
	switch {
	case n.Use == "mounts":
		w.mounts(n, apps, r)
	case n.Use == "patterns":
		w.patterns(n, apps, r)
	case len(apps) == 0:
		w.end(n, r)
	default:
		for _, one := range apps {
			w.app(one.Node, r)
			if n.Use == "cascade" {
				r.before = append(slices.Clip(r.before), one.Node)
			}
		}
	}
}

// patterns lists what patterns of http.ServeMux lead to, in the order of the file: the mux takes the one that fits best.
func (w *walk) patterns(n *deploy.Node, apps []deploy.Ref, r route) {
	for _, one := range apps {
		fits := r
		fits.Pattern = strings.TrimSpace(r.Pattern + " " + one.Key)
		w.app(one.Node, fits)
	}
	r.NotFound = true
	w.end(n, r)
}

// mounts lists the places of mounts as it looks for one: those with a host first, the longest first. Then there is none.
func (w *walk) mounts(n *deploy.Node, apps []deploy.Ref, r route) {
	slices.SortStableFunc(apps, func(a, b deploy.Ref) int {
		hostA, prefixA := splitPlace(a.Place)
		hostB, prefixB := splitPlace(b.Place)
		none := func(host string) int { return min(1, len(host)) }
		return cmp.Or(none(hostB)-none(hostA), cmp.Compare(hostA, hostB), len(prefixB)-len(prefixA))
	})
	for _, one := range apps {
		host, prefix := splitPlace(one.Place)
		if host != "" && r.Host != "" && host != r.Host {
			continue // no request is to two hosts
		}
		below := r
		below.Host = cmp.Or(r.Host, host)
		below.Prefix = strings.TrimSuffix(r.Prefix, "/") + prefix
		w.app(one.Node, below)
		if prefix == "/" && host == r.Host || prefix == "/" && host == "" {
			return
		}
	}
	r.NotFound = true
	w.end(n, r)
}

// splitPlace returns the host of a place, or "", and its prefix.
func splitPlace(place string) (host, prefix string) {
	host, prefix, _ = strings.Cut(place, "/")
	return host, "/" + prefix
}

// end lists a route.
func (w *walk) end(n *deploy.Node, r route) {
	r.Section, r.Part, r.File, r.Line, r.node = n.Section, n.Use, n.Pos.File, n.Pos.Line, n
	for _, b := range r.before {
		r.After = append(r.After, b.Section)
	}
	if r.Filters == nil {
		r.Filters = []passed{} // in JSON an empty list
	}
	w.list = append(w.list, r)
}

// filters returns filters, and those in them.
func (w *walk) filters(nodes []*deploy.Node) []passed {
	var list []passed
	for _, n := range nodes {
		if w.left--; w.left < 0 {
			return nil
		}
		inner := slices.Clone(n.Filters)
		for _, r := range n.Refs {
			if isFilter(r) {
				inner = append(inner, r.Node)
			}
		}
		list = append(list, passed{n.Section, n.Use, n.Pos.File, n.Pos.Line, w.filters(inner), n})
	}
	return list
}

func writeJSON(w io.Writer, list []route) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(list)
}
