package filter

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// MethodOverrideOptions are the options of [MethodOverride]. The zero value reads no body.
type MethodOverrideOptions struct {
	// Field is the name of a form's field that names the method, as "_method" does in many frameworks: forms of HTML know
	// no field of a header. Empty: the body is not looked at. Only a body of application/x-www-form-urlencoded is.
	Field string

	// MaxForm is how many bytes of a form are looked at, and held in memory for a request. A field that ends behind
	// them does not count. Zero means 64 KiB. Without Field it makes no sense.
	MaxForm int64
}

// MethodOverride returns a filter that makes of a POST the PUT, PATCH or DELETE that its field X-HTTP-Method-Override names,
// for clients that can send nothing but GET and POST. The handler does not see the field. With the option Field, a POST
// without it may name the method in its form, which the handler finds whole in the body again.
//
// The name counts in any case, and POST changes nothing. A request that names another method, or names one twice, is
// answered with 400: a GET or a CONNECT that comes as POST would pass what goes by the method. Requests other than POST
// are handed on as they are.
//
// With Field, the filter waits for the form, or its first MaxForm bytes, before it hands on the request, and a client
// that asks first with Expect: 100-continue is told to send it. [http.Request.ParseForm] does not read the body of a DELETE.
//
// It belongs inside of logs, which tell what came, and of http.CrossOriginProtection, to which POST is as unsafe; outside
// of all that decides by the method, such as weir.When and http.ServeMux; with Field, inside of MaxBody.
func MethodOverride(o MethodOverrideOptions) func(http.Handler) http.Handler {
	switch {
	case o.MaxForm < 0:
		panic(fmt.Sprintf("filter.MethodOverride: MaxForm is %d, below 0", o.MaxForm))
	case o.MaxForm > 0 && o.Field == "":
		panic("filter.MethodOverride: MaxForm is set, but there is no Field")
	case o.MaxForm == 0:
		o.MaxForm = 64 << 10
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.MethodOverride: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			edited, ok := o.edit(r)
			switch {
			case !ok:
				http.Error(w, "400 this is no method to override POST with: name PUT, PATCH or DELETE", http.StatusBadRequest)
			case edited == r:
				next.ServeHTTP(w, r)
			default:
				rewrite.Serve(w, r, edited, next)
			}
		})
	}
}

const overrideField = "X-Http-Method-Override"

// edit returns a copy of r with the method that it names, r itself where it names none, and false where that may not be.
func (o *MethodOverrideOptions) edit(r *http.Request) (*http.Request, bool) {
	if named, ok := r.Header[overrideField]; ok {
		edited := r.WithContext(r.Context())
		edited.Header = r.Header.Clone()
		delete(edited.Header, overrideField)
		return edited, override(edited, named)
	}
	if o.Field == "" || r.Body == nil || r.Body == http.NoBody || !isForm(r) {
		return r, true
	}
	// An error comes again when the handler reads on.
	form, _ := io.ReadAll(io.LimitReader(r.Body, o.MaxForm+1))
	edited := r.WithContext(r.Context())
	edited.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(form), r.Body), r.Body}
	if int64(len(form)) > o.MaxForm {
		form = form[:max(0, bytes.LastIndexByte(form[:o.MaxForm+1], '&'))]
	}
	return edited, override(edited, valuesOf(string(form), o.Field))
}

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
