package mount

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// requestFields are the fields of a request that name places of the mount, and how their
// lines are read.
var requestFields = [...]struct {
	name string
	edit fieldEdit
}{
	{"Destination", place.inward},
	{"Referer", place.inward},
	{"Hx-Current-Url", place.inward},
	{"If", place.tags},
}

// cutBy says of each of the requestFields by which script name a MapFields further out has
// cut it already.
type cutBy [len(requestFields)]string

type cutKey struct{}

// headerCopy is a header that is copied at the first edit.
type headerCopy struct{ of, made http.Header }

func (c *headerCopy) edit() http.Header {
	if c.made == nil {
		c.made = c.of.Clone()
	}
	return c.made
}

// mapRequest returns r as the application is to see it, r itself where that is the same, or
// false where its Destination is not the application's.
func (o *MapFieldsOptions) mapRequest(r *http.Request) (*http.Request, bool) {
	header := headerCopy{of: r.Header}
	ctx, ok := o.mapPlaces(r, &header)
	if !ok {
		return r, false
	}
	if o.renames() {
		o.mapCookies(&header)
	}
	if header.made == nil {
		return r, true
	}
	edited := r.WithContext(ctx)
	edited.Header = header.made
	return edited, true
}

// mapPlaces maps the requestFields of r into header and returns the context that says so, or
// false where the Destination is not the application's.
func (o *MapFieldsOptions) mapPlaces(r *http.Request, header *headerCopy) (context.Context, bool) {
	ctx, script := r.Context(), rewrite.ScriptName(r)
	if script == "" {
		return ctx, true
	}
	cuts, _ := ctx.Value(cutKey{}).(cutBy)
	before := cuts
	for i, f := range requestFields {
		lines := r.Header[f.name]
		aims := f.name == "Destination"
		if len(lines) == 0 || aims && r.Method != "COPY" && r.Method != "MOVE" {
			continue
		}
		p := placeOf(r, o)
		p.script = strings.TrimPrefix(script, cuts[i])
		for j, line := range lines {
			mapped, ok := f.edit(p, line)
			if aims && (!ok || strays(mapped)) {
				return ctx, false
			}
			if ok && mapped != line {
				header.edit()[f.name][j] = mapped
				cuts[i] = script
			}
		}
	}
	if cuts != before {
		ctx = context.WithValue(ctx, cutKey{}, cuts)
	}
	return ctx, true
}

// mapCookies leaves the application's cookies in header.
func (o *MapFieldsOptions) mapCookies(header *headerCopy) {
	var kept []string
	changed := false
	for _, line := range header.of["Cookie"] {
		mapped := o.cookies(line)
		changed = changed || mapped != line
		if mapped != "" {
			kept = append(kept, mapped)
		}
	}
	switch {
	case !changed:
	case len(kept) == 0:
		delete(header.edit(), "Cookie")
	default:
		header.edit()["Cookie"] = kept
	}
}

// strays reports whether ref, a Destination that leads into the application, leaves it again
// in the reading of some server.
func strays(ref string) bool {
	u, err := url.Parse(ref)
	return err != nil || climbs(u)
}

// tags is the edit of If: of its lists, the tags are mapped that name resources (RFC 4918
// section 10.4). It reports whether one was.
func (p place) tags(value string) (string, bool) { return mapTags(value, p.inward) }

// mapTags maps the tags of an If that name resources.
func mapTags(value string, inward func(string) (string, bool)) (string, bool) {
	out := patch{text: value}
	for i, listed := 0, false; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			i = endOfQuoted(value, i)
		case c == '(' || c == ')':
			listed = c == '('
		case c == '<':
			n := strings.IndexByte(value[i:], '>')
			if n < 0 {
				return out.String(), out.done > 0
			}
			if !listed {
				mapped, _ := inward(value[i+1 : i+n]) // what leads elsewhere stays
				out.put(i+1, i+n, mapped)
			}
			i += n
		}
	}
	return out.String(), out.done > 0
}
