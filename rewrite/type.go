package rewrite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/internal/token"
)

// Type returns a match for Body that says yes to the media types of the list: "text/html",
// or "text/*" for all of a kind. Parameters such as charset do not count. It panics when
// the list is empty or holds something else.
//
// On the way in it says yes to every request except one that upgrades its connection, and
// one whose Sec-Fetch-Dest (W3C Fetch Metadata) names a use that none of the types has:
// an image, a font, a film, a script or a style sheet is not going to be text/html, and its
// request keeps its Accept-Encoding. Of the answer it compares the Content-Type, or where
// the application set none, what net/http will guess.
func Type(types ...string) func(*capture.Head) bool {
	if len(types) == 0 {
		panic("rewrite.Type: types is empty")
	}
	wanted := make([]string, len(types))
	for i, t := range types {
		major, minor, ok := strings.Cut(t, "/")
		if !ok || !token.Is(major) || !token.Is(minor) || strings.Contains(major, "*") {
			panic(fmt.Sprintf("rewrite.Type: types[%d] is %q: write \"text/html\" or \"text/*\"", i, t))
		}
		wanted[i] = strings.ToLower(t)
	}
	return func(h *capture.Head) bool {
		if h.Status == 0 {
			return !upgrades(h.Request) && destined(h.Request, wanted)
		}
		kind := mediaType(h)
		return slices.ContainsFunc(wanted, func(w string) bool { return kind != "" && overlap(w, kind) })
	}
}

// destined reports whether the use that the request's Sec-Fetch-Dest names can be made of
// one of the types. A use that is not known here may be anything.
func destined(r *http.Request, wanted []string) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	if dest == "" {
		return true
	}
	uses := usesOf(dest)
	return uses == nil || slices.ContainsFunc(wanted, func(w string) bool {
		return slices.ContainsFunc(uses, func(u string) bool { return overlap(w, u) })
	})
}

// usesOf returns the media types that a browser can use for a destination of the Fetch
// standard; nil for any.
func usesOf(dest string) []string {
	switch dest {
	case "image":
		return []string{"image/*"}
	case "font":
		return []string{"font/*", "application/*"}
	case "audio", "video":
		return []string{"audio/*", "video/*", "application/*"}
	case "track":
		return []string{"text/vtt"}
	case "style":
		return []string{"text/css"}
	case "script", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet":
		return []string{"text/javascript", "application/javascript", "application/x-javascript"}
	case "manifest", "json":
		return []string{"application/*", "text/json"}
	}
	return nil
}

// overlap reports whether there is a media type that is both a and b, where each may be
// all of a kind.
func overlap(a, b string) bool {
	if a == b {
		return true
	}
	kindA, okA := strings.CutSuffix(a, "*")
	kindB, okB := strings.CutSuffix(b, "*")
	return okA && strings.HasPrefix(b, kindA) || okB && strings.HasPrefix(a, kindB)
}

// mediaType returns the type that the answer has, or will have when net/http guessed it.
func mediaType(h *capture.Head) string {
	values, ok := h.Header["Content-Type"]
	switch {
	case len(values) > 0:
		return ContentType(h.Header)
	case !ok && len(h.Peek) > 0:
		kind, _, _ := strings.Cut(http.DetectContentType(h.Peek), ";")
		return kind
	}
	return ""
}

// upgrades reports whether r asks for another protocol (RFC 9110 section 7.8).
func upgrades(r *http.Request) bool {
	for _, list := range r.Header["Connection"] {
		for option := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "upgrade") {
				return true
			}
		}
	}
	return false
}
