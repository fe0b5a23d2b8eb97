package rewrite

import (
	"net/http"
	"net/url"
	"strings"
)

// Shift moves prefix from the front of the path info to the end of the script name and
// returns the copy of r that says so, or r and false when the path does not begin with
// prefix.
//
// The prefix is decoded text that begins with a slash, "/app" or "/caffè/münchen"; a
// slash at its end does not count. "" and "/" take nothing: r itself comes back. Shift
// takes whole segments only, and compares each with what the client's escaped segment
// decodes to: "/app" takes "/app", "/app/x" and "/%61pp/x", and leaves "/apple" and
// "/app%2Fx" alone. What is left is byte for byte what the client wrote, "//", "%2F" and
// ";" included: EscapedPath of the result is the rest of EscapedPath of r, and
// URL.RawPath is set only where net/url needs it for that. It may be empty.
//
// The copy has its own URL and context and shares Header and all else with r; its
// RequestURI stays the client's. Pattern is empty and there are no path values, since an
// application must not mistake those of its host for its own. Hand it on with Serve.
func Shift(r *http.Request, prefix string) (*http.Request, bool) {
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix == "" {
		return r, true
	}
	if prefix[0] != '/' || !strings.HasPrefix(r.URL.Path, prefix) {
		return r, false
	}
	raw, n := rawPath(r.URL), len(prefix)
	if raw == "" {
		if !boundary(r.URL.Path, n) {
			return r, false
		}
	} else if n = cut(raw, prefix); n < 0 {
		return r, false
	}
	return shift(r, prefix, raw, n), true
}

// ShiftTo moves all that comes before pathInfo from the path info to the end of the script
// name, or returns r and false when the path does not end with pathInfo. It is Shift for
// who knows what shall be left, and not what goes, as behind a pattern with a wildcard.
//
// The path info is decoded text that begins with a slash, or is empty: then all of the path
// goes. It begins where a segment ends: "/x" is left of "/app/x" and "/%61pp/x", and not of
// "/app%2Fx". Escaped slashes behind that place do not matter: "/x/y" is left of "/app/x%2Fy".
// What goes must begin with a slash and not end with one, as script names do: of "/app/"
// "/" may be left and "" may not, and of "/app//x" "//x" and not "/x".
//
// The copy is as Shift makes it: what is left is byte for byte what the client wrote, and
// Pattern and path values of the host are gone, also when nothing else goes.
func ShiftTo(r *http.Request, pathInfo string) (*http.Request, bool) {
	info := r.URL.Path
	prefix, ok := strings.CutSuffix(info, pathInfo)
	switch {
	case !ok, pathInfo != "" && pathInfo[0] != '/',
		prefix != "" && (prefix[0] != '/' || strings.HasSuffix(prefix, "/")):
		return r, false
	}
	raw, n := rawPath(r.URL), len(prefix)
	if raw != "" {
		if n = written(raw, n); !boundary(raw, n) {
			return r, false
		}
	}
	return shift(r, prefix, raw, n), true
}

// rawPath returns how the client wrote the path of u, or "" when that is how net/url writes it.
func rawPath(u *url.URL) string {
	if u.RawPath != "" && encodes(u.RawPath, u.Path) {
		return u.RawPath
	}
	return "" // as URL.EscapedPath does
}

// shift returns the copy of r whose path info lacks prefix, the first n bytes of raw where
// there is one.
func shift(r *http.Request, prefix, raw string, n int) *http.Request {
	info := r.URL.Path
	b := new(shifted)
	e := &b.environ
	e.Context, e.url = r.Context(), *r.URL
	e.remember(environOf(e.Context), prefix, info, raw, n)
	e.url.Path, e.url.RawPath = info[len(prefix):], ""
	if raw != "" && !plain(raw[n:]) {
		e.url.RawPath = raw[n:]
	}
	b.request = *bare(r, &e.url).WithContext(e)
	return &b.request
}

// remember sets the script names of e, the shift by prefix after outer (or nil). info is
// the path info before it, raw how the client wrote that where net/url would write it
// otherwise, and n the bytes of it that go.
func (e *environ) remember(outer *environ, prefix, info, raw string, n int) {
	var script, escaped name
	if outer != nil {
		script, escaped = outer.script, outer.escaped
	}
	e.script = script.take(info, len(prefix))
	switch {
	case raw != "":
		if escaped.whole == "" {
			head := outer.escapedHead()
			escaped = name{head, len(head)}
		}
		e.escaped = escaped.take(raw, n)
	case escaped.whole != "":
		more := escape(prefix)
		e.escaped = name{escaped.head(), escaped.n}.take(more, len(more))
	}
}

// cut returns how many bytes of raw, an escaped path whose decoded form begins with
// prefix, stand for prefix, or -1 when an escaped slash stands for one of its slashes or
// prefix ends inside of a segment.
func cut(raw, prefix string) int {
	n := 0
	for i := range len(prefix) {
		if raw[n] != '%' {
			n++
			continue
		}
		if prefix[i] == '/' {
			return -1
		}
		n += 3
	}
	if !boundary(raw, n) {
		return -1
	}
	return n
}

// written returns how many bytes of raw, an escaped path, stand for the first n of its decoded form.
func written(raw string, n int) (size int) {
	for range n {
		if raw[size] == '%' {
			size += 2
		}
		size++
	}
	return size
}

// boundary reports whether a segment of path ends at n.
func boundary(path string, n int) bool {
	return n == len(path) || path[n] == '/'
}

// bare returns a copy of r with another URL and context and without Pattern and path
// values. The path values live in fields that only net/http can write: so a new request
// is made from those that everybody can. It lies on the stack; WithContext makes the one
// that stays. Cancel, which has no meaning in a server, is left out.
type shifted struct {
	request http.Request
	environ environ
}

func bare(r *http.Request, u *url.URL) *http.Request {
	return &http.Request{
		Method:           r.Method,
		URL:              u,
		Proto:            r.Proto,
		ProtoMajor:       r.ProtoMajor,
		ProtoMinor:       r.ProtoMinor,
		Header:           r.Header,
		Body:             r.Body,
		GetBody:          r.GetBody,
		ContentLength:    r.ContentLength,
		TransferEncoding: r.TransferEncoding,
		Close:            r.Close,
		Host:             r.Host,
		Form:             r.Form,
		PostForm:         r.PostForm,
		MultipartForm:    r.MultipartForm,
		Trailer:          r.Trailer,
		RemoteAddr:       r.RemoteAddr,
		RequestURI:       r.RequestURI,
		TLS:              r.TLS,
		Response:         r.Response,
	}
}
