package filter

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// MethodOverrideOptions are the options of [MethodOverride]. The zero value reads no body.
type MethodOverrideOptions struct {
	// Field is the name of a form's field that names the method, such as "_method", as many frameworks have it: forms of
	// HTML know no field of a header. Empty: the body is not looked at. Only a body of application/x-www-form-urlencoded
	// is.
	Field string

	// MaxForm is how many bytes of a form are looked at, and held in memory for a request. A field that ends behind
	// them does not count. Zero means 64 KiB. Without Field it makes no sense.
	MaxForm int64
}

// MethodOverride returns a filter that makes of a POST the PUT, PATCH or DELETE that its field X-HTTP-Method-Override names,
// for clients that can send nothing but GET and POST. The handler does not see the field, nor any that an application may
// take for it (see [rewrite.DelLike]), which do not count either. With the option Field, a POST without it may name the
// method in its form, which the handler finds whole in the body again.
//
// The name counts in any case, and POST changes nothing. A request that names another method, or names one twice, is
// answered with 400: a GET or a CONNECT that comes as POST would pass what goes by the method. Requests other than POST
// are handed on as they are.
//
// With Field, the filter waits for the form, or its first MaxForm bytes, before it hands on the request, and a client
// that asks first with Expect: 100-continue is told to send it. A form that cannot be read as far as that, because the
// client went away or MaxBody ends it, names no method, and the handler of the POST meets the error when it reads.
// [http.Request.ParseForm] does not read the body of a DELETE.
//
// It belongs inside of logs, which tell what came, and of http.CrossOriginProtection, to which POST is as unsafe; outside
// of all that decides by the method, such as weir.When, http.ServeMux, and ForwardAuth and Bearer where the server or check
// does; with Field, inside of MaxBody.
func MethodOverride(o MethodOverrideOptions) func(http.Handler) http.Handler {
	switch {
	case o.MaxForm < 0:
		panic(fmt.Sprintf("filter.MethodOverride: MaxForm is %d, below 0", o.MaxForm))
	case o.MaxForm > 0 && o.Field == "":
		panic("filter.MethodOverride: MaxForm is set, but there is no Field")
	case o.MaxForm == 0:
		o.MaxForm = 64 << 10
	}
	scrub := rewrite.DelLike(overrideField)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.MethodOverride: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			edited, ok := o.edit(r, scrub)
			switch {
			case !ok:
				http.Error(w, "this is no method to override POST with: name PUT, PATCH or DELETE", http.StatusBadRequest)
			case edited == r:
				next.ServeHTTP(w, r)
			default:
				rewrite.Serve(w, r, edited, next)
			}
		})
	}
}

const overrideField = "X-Http-Method-Override"

// edit returns a copy of r with the method that it names, r itself where there is nothing to change, and false where that
// may not be.
func (o *MethodOverrideOptions) edit(r *http.Request, scrub func(http.Header)) (*http.Request, bool) {
	edited, named := r, r.Header[overrideField]
	if anyLike(r.Header, overrideField) {
		edited = r.WithContext(r.Context())
		edited.Header = r.Header.Clone()
		scrub(edited.Header)
	}
	if len(named) > 0 {
		return edited, override(edited, named)
	}
	if o.Field == "" || r.Body == nil || r.Body == http.NoBody || !isForm(r) {
		return edited, true
	}
	if edited == r {
		edited = r.WithContext(r.Context())
	}
	form, body := o.peek(r.Body)
	edited.Body = body
	return edited, override(edited, valuesOf(form, o.Field))
}

// anyLike says whether there is a field that some application may take for the one called name.
func anyLike(h http.Header, name string) bool {
	for n := range h {
		if rewrite.Like(n, name) {
			return true
		}
	}
	return false
}

// peek returns the pairs of a form that end within the limit, and the body as it was. A form that cannot be read as far as
// that has none: what was cut may have been about something else.
func (o *MethodOverrideOptions) peek(body io.ReadCloser) (form string, whole io.ReadCloser) {
	read, err := io.ReadAll(io.LimitReader(body, min(o.MaxForm, math.MaxInt64-1)+1))
	if kept, ok := body.(*rewound); ok {
		_, _ = kept.Seek(int64(-len(read)), io.SeekCurrent) // to where it was
		whole = kept
	} else {
		rest := io.Reader(body)
		if err != nil {
			rest = failing{err} // also where the body would go on
		}
		whole = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(read), rest), body}
	}
	switch {
	case err != nil:
		return "", whole
	case int64(len(read)) > o.MaxForm:
		read = read[:max(0, bytes.LastIndexByte(read, '&'))]
	}
	return string(read), whole
}

// failing is the rest of a body that could not be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// override sets the method of r to the one that is named, and says whether that may be.
func override(r *http.Request, named []string) bool {
	if len(named) == 0 {
		return true
	}
	method := strings.ToUpper(named[0])
	switch method {
	case "POST", "PUT", "PATCH", "DELETE":
		r.Method = method
		return len(named) == 1 && len(method) == len(named[0]) // beyond ASCII, ToUpper makes an S of the long s
	}
	return false
}

// isForm says whether the body of r is a form that is written like a query.
func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// valuesOf returns the values of a field of a form.
func valuesOf(form, field string) (values []string) {
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != field {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			values = append(values, value)
		} else {
			values = append(values, "")
		}
	}
	return values
}
