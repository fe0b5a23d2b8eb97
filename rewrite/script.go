package rewrite

import (
	"context"
	"net/http"
	"net/url"
)

// ScriptName returns the decoded part of the path by which the request came to this
// application: what every Shift on its way took off URL.Path, in order. It is empty, or
// begins with a slash and ends without one. ScriptName plus URL.Path is the path that
// the client asked for (RFC 3875 section 4.1.13), as long as no filter edited URL.Path.
func ScriptName(r *http.Request) string {
	if e := environOf(r.Context()); e != nil {
		return e.script.head()
	}
	return ""
}

// EscapedScriptName returns the script name as the client wrote it, escapes and all: the
// form to build a Location or a link from. EscapedScriptName plus URL.EscapedPath is the
// escaped path that the client asked for.
func EscapedScriptName(r *http.Request) string {
	return environOf(r.Context()).escapedHead()
}

// environ is what a shift remembers. It is a context that answers for its own key and
// holds the URL of the shifted request, so that all of this is one block of memory.
type environ struct {
	context.Context
	url    url.URL
	script name
	// escaped is zero while the script name is written in the one way in which
	// net/url escapes script.
	escaped name
}

type environKey struct{}

// Value answers environKey with e itself and asks the parent for all else.
func (e *environ) Value(key any) any {
	if key == (environKey{}) {
		return e
	}
	return e.Context.Value(key)
}

// environOf returns the innermost shift of ctx, nil when there was none.
func environOf(ctx context.Context) *environ {
	e, _ := ctx.Value(environKey{}).(*environ)
	return e
}

// escapedHead returns the escaped script name; e may be nil.
func (e *environ) escapedHead() string {
	switch {
	case e == nil:
		return ""
	case e.escaped.whole != "":
		return e.escaped.head()
	}
	return escape(e.script.head())
}

// name is a path cut in two: whole[:n] is the script name, whole[n:] the path info at the
// time of the cut. Keeping the whole lets the next shift cut further with no copy.
type name struct {
	whole string
	n     int
}

func (s name) head() string { return s.whole[:s.n] }

// take returns the name that is n bytes of info longer, info being today's path info.
func (s name) take(info string, n int) name {
	if s.whole[s.n:] == info {
		return name{s.whole, s.n + n}
	}
	return name{s.whole[:s.n] + info, s.n + n}
}

// escape returns path in the one way in which net/url escapes it.
func escape(path string) string {
	u := url.URL{Path: path}
	return u.EscapedPath()
}
