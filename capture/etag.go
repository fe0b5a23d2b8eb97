package capture

import (
	"net/http"
	"slices"
	"strings"
)

// Unmark is the way in for requests whose answers [Head.Changed] marks with
// one of the tags. It takes the marks off the entity tags of If-None-Match
// and If-Match, so that the application recognises its own and 304 and 412
// keep working. A marked tag in If-Range speaks of bytes that the application
// does not have: Range and If-Range go, and the answer is whole.
//
// It returns r itself where nothing is marked, which is the common case, else
// a copy, to be handed on as package rewrite's Serve does it.
func Unmark(r *http.Request, tags ...string) *http.Request {
	edited := r
	edit := func() http.Header {
		if edited == r {
			edited = r.WithContext(r.Context())
			edited.Header = r.Header.Clone()
		}
		return edited.Header
	}
	for _, name := range [...]string{"If-None-Match", "If-Match"} {
		for i, line := range r.Header[name] {
			if plain, ok := unmarkList(line, tags); ok {
				edit()[name][i] = plain
			}
		}
	}
	if lines := r.Header["If-Range"]; len(lines) > 0 {
		if _, ok := unmarkList(lines[0], tags); ok {
			h := edit()
			delete(h, "If-Range")
			delete(h, "Range")
		}
	}
	return edited
}

// Revalidated mends the head of a 304 (Not Modified): when the client asked
// about a representation that one of the tags marks, the ETag is marked like
// that again, as it was when the client got it (RFC 9110 §15.4.5).
// [Head.Request] must be the request as it was before [Unmark]: [Transform] gets
// that one, and its next unmarks it, as in the example of [Head.Changed].
func (h *Head) Revalidated(tags ...string) {
	etag := h.Header["Etag"]
	if h.Status != http.StatusNotModified || len(etag) == 0 {
		return
	}
	for _, tag := range tags {
		marked, ok := mark(etag[0], tag)
		if ok && slices.ContainsFunc(h.Request.Header["If-None-Match"], func(line string) bool { return listHas(line, marked) }) {
			h.Header["Etag"] = []string{marked}
			return
		}
	}
}

// mark makes the weak entity tag of a changed representation, false where
// etag is none.
func mark(etag, tag string) (string, bool) {
	weak, opaque, rest, ok := cutETag(etag)
	if !ok || strings.Trim(rest, " \t") != "" {
		return "", false
	}
	if weak {
		return `W/"` + opaque + "~" + tag + `"`, true
	}
	return `W/"` + opaque + "+" + tag + `"`, true
}

// unmark is the inverse of mark for an opaque tag.
func unmark(opaque string, tags []string) (weak bool, plain string, ok bool) {
	for _, tag := range tags {
		before, found := strings.CutSuffix(opaque, tag)
		if !found || before == "" {
			continue
		}
		switch plain, sep := before[:len(before)-1], before[len(before)-1]; sep {
		case '+':
			return false, plain, true
		case '~':
			return true, plain, true
		}
	}
	return false, "", false
}

// unmarkList takes the marks off a list of entity tags, false where there are
// none or the list is malformed.
func unmarkList(list string, tags []string) (string, bool) {
	if !mayBeMarked(list, tags) {
		return "", false
	}
	var b strings.Builder
	found := false
	for rest := list; ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return b.String(), found
		}
		weak, opaque, after, ok := cutETag(rest)
		if !ok {
			return "", false
		}
		rest = after
		if markedWeak, plain, ok := unmark(opaque, tags); ok && weak {
			weak, opaque, found = markedWeak, plain, true
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		if weak {
			b.WriteString("W/")
		}
		b.WriteString(`"` + opaque + `"`)
	}
}

// mayBeMarked is a quick look for the end of a marked tag.
func mayBeMarked(list string, tags []string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool { return strings.Contains(list, tag+`"`) })
}

func listHas(list, etag string) bool {
	for rest := list; ; {
		rest = strings.TrimLeft(rest, " \t,")
		_, opaque, after, ok := cutETag(rest)
		if !ok {
			return false
		}
		if strings.TrimPrefix(etag, "W/") == `"`+opaque+`"` {
			return true
		}
		rest = after
	}
}

// cutETag reads one entity tag from the beginning of s (RFC 9110 §8.8.3).
func cutETag(s string) (weak bool, opaque, rest string, ok bool) {
	s, weak = strings.CutPrefix(s, "W/")
	s, ok = strings.CutPrefix(s, `"`)
	if !ok {
		return false, "", "", false
	}
	opaque, rest, ok = strings.Cut(s, `"`)
	return weak, opaque, rest, ok
}
