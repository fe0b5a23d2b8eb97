package filter

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// CacheControlOptions are the options of [CacheControl]. With the zero value, what the handler says nothing about may
// be kept, but nobody uses it again without asking: no-cache.
type CacheControlOptions struct {
	// Rules say what caches may do with a response. The first that fits it counts; where none does, it is no-cache.
	Rules []CacheRule
}

// CacheControl returns a filter that says what caches may do with a response (Cache-Control, RFC 9111 §5.2.2) where
// the handler does not. It answers nothing itself. Without a word, a cache makes up a time for which it takes a response
// for fresh (RFC 9111 §4.2.2): a browser may show yesterday's page without asking.
//
// A response about which the handler has said something stays as it is: one with Cache-Control, Expires or Pragma,
// be it an empty one. So do answers to other methods than GET and HEAD, and errors, unless a rule names their
// status. A response whose head does not tell the media type, as that of a 304, stays as it is where the type is to
// decide: the cache then goes by what it was told before.
//
// What is meant for one person is never for all. In a response that sets a cookie, and to a request with
// Authorization or with a [rewrite.User], a rule says private in place of public, and no s-maxage, unless it says
// Personal. A User counts wherever it is set, further out or further in, also if another one takes its place, and so
// does an application's own [rewrite.Note] of a "user", and whoever [ForwardAuth] lets in. What sets it further in has to do
// so in a context that comes from the request's, before the head of the response passes. That a request has a Cookie does
// not count, since requests for style sheets have it, too: for pages that look at it, give a rule without Public.
//
// The type is the Content-Type, or what net/http will guess from the beginning of the body, which is held back for that
// up to 512 bytes, if a rule is about types.
//
// In a stack it stands right outside of the handlers whose responses it is about. It does not see a cookie that a filter
// further out sets when the head is sent: give no Public and no SharedMaxAge to responses that may get one. The handler gets a
// copy of the request whose notes are taken (see [rewrite.TakeNotes]), which is an allocation of 384 bytes, unless they
// are taken already, as by AccessLog further out. Rules that make no sense panic when the filter is made.
func CacheControl(o CacheControlOptions) func(http.Handler) http.Handler {
	c := &cacheControl{}
	for i, r := range o.Rules {
		if fault := r.fault(); fault != "" {
			panic(fmt.Sprintf("filter.CacheControl: Rules[%d] %s", i, fault))
		}
		c.rules = append(c.rules, r.made())
		if len(r.Types) > 0 {
			c.peek = sniffLen
		}
	}
	c.rules = append(c.rules, CacheRule{NoCache: true}.made())
	hook := c.hook
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.CacheControl: next is nil")
		}
		noted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, c.peek, hook)
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != http.MethodGet && r.Method != http.MethodHead:
				next.ServeHTTP(w, r)
			case rewrite.NotesTaken(r.Context()):
				noted(w, r)
			default:
				edited, _ := rewrite.TakeNotes(r, 0) // but for whose request it is
				rewrite.Serve(w, r, edited, noted)
			}
		})
	}
}

type cacheControl struct {
	rules []cacheRule
	peek  int
}

// cacheRule is a rule, ready for use.
type cacheRule struct {
	types            []string // in lower case
	statuses         []int
	shared, personal string
}

func (c *cacheControl) hook(h *capture.Head, _ io.Writer) io.WriteCloser {
	for _, name := range [...]string{"Cache-Control", "Expires", "Pragma"} {
		if _, said := h.Header[name]; said {
			return nil
		}
	}
	kind := contentType(h)
	for i := range c.rules {
		switch r := &c.rules[i]; {
		case !slices.Contains(r.statuses, h.Status):
			continue
		case len(r.types) > 0 && elsewhere(h, kind):
			return nil
		case len(r.types) > 0 && !slices.ContainsFunc(r.types, func(t string) bool { return within(kind, t) }):
			continue
		case isPersonal(h):
			put(h.Header, "Cache-Control", r.personal)
		default:
			put(h.Header, "Cache-Control", r.shared)
		}
		return nil
	}
	return nil
}

// elsewhere says whether the type is that of another response, which a cache will put this head to: the whole one of a
// 304 or of several parts, or that of GET.
func elsewhere(h *capture.Head, kind string) bool {
	if h.Status == http.StatusPartialContent {
		return kind == "multipart/byteranges"
	}
	return kind == "" && (h.Status == http.StatusNotModified || h.Request.Method == http.MethodHead)
}

// put sets a field, to nothing if the value is empty.
func put(h http.Header, name, value string) {
	if value != "" {
		h[name] = []string{value}
	}
}

// isPersonal says whether a response is meant for one person, as far as its head tells and what was found out of the
// request, further out or further in.
func isPersonal(h *capture.Head) bool {
	if len(h.Header["Set-Cookie"]) > 0 || len(h.Request.Header["Authorization"]) > 0 {
		return true
	}
	ctx := h.Request.Context()
	if user, _ := rewrite.User.Value(ctx); user != "" {
		return true
	}
	_, asked := authCookies.Value(ctx) // by ForwardAuth, which need not know a name
	return asked || rewrite.UserNoted(ctx)
}

// contentType returns the media type of a response, in lower case: its own, or the one that net/http will guess.
func contentType(h *capture.Head) string {
	if _, said := h.Header["Content-Type"]; said || len(h.Peek) == 0 || len(h.Header["Content-Encoding"]) > 0 {
		return rewrite.ContentType(h.Header)
	}
	kind, _, _ := strings.Cut(http.DetectContentType(h.Peek), ";")
	return kind
}

// within says whether a media type is one of a range such as "text/css", "text/*" or "*/*".
func within(kind, mediaRange string) bool {
	major, all := strings.CutSuffix(mediaRange, "*")
	return mediaRange == "*/*" || kind == mediaRange || all && strings.HasPrefix(kind, major)
}

// hasDirective says whether the Cache-Control of a response has a directive that takes no value.
func hasDirective(h http.Header, name string) bool {
	for _, list := range h["Cache-Control"] {
		for directive := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(directive), name) {
				return true
			}
		}
	}
	return false
}
