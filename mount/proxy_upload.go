package mount

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// upload is the body of a request on its way to an application. At its end the trailers go
// into the request that is sent on: until then their values are not known (RFC 9110 section
// 6.5).
type upload struct {
	body *body
	out  *http.Request
	user string      // the field that names the user
	over atomic.Bool // the transport goes on to read, but the client's body is not ours any more
}

func (u *upload) Read(p []byte) (int, error) {
	if u.over.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := u.body.Read(p)
	if err == io.EOF {
		for name, values := range u.body.r.Trailer {
			if u.out.Trailer != nil && isTrailer(name, u.body.r, u.user) {
				u.out.Trailer[name] = values
			}
		}
	}
	return n, err
}

func (u *upload) Close() error {
	u.over.Store(true)
	return nil
}

// announced returns the trailers that r announces and may have, without their values.
func announced(r *http.Request, userField string) http.Header {
	trailer := make(http.Header, len(r.Trailer))
	for name := range r.Trailer {
		if isTrailer(name, r, userField) {
			trailer[name] = nil
		}
	}
	return trailer
}

// notTrailers are the fields, like which none may be a trailer since they frame or route a
// message, or say who sends it (RFC 9110 section 6.5.1), and those of one connection.
var notTrailers = [...]string{
	"content-length", "transfer-encoding", "trailer", "te", "host", "connection", "keep-alive", "upgrade", "expect",
	"proxy-connection", "proxy-authenticate", "proxy-authorization", "authorization", "cookie", "content-type", "content-encoding", "content-range",
}

// isTrailer reports whether a field called name may go on as a trailer of r.
func isTrailer(name string, r *http.Request, userField string) bool {
	same := func(n string) bool { return rewrite.Like(name, n) }
	return token.Is(name) && !claims(name, userField) && !slices.ContainsFunc(notTrailers[:], same) &&
		!slices.ContainsFunc(r.Header["Connection"], func(line string) bool { return lists(line, name) })
}

// lists reports whether a comma-separated line has an element, in any case of letters.
func lists(line, element string) bool {
	for option := range strings.SplitSeq(line, ",") {
		if strings.EqualFold(strings.Trim(option, " \t"), element) {
			return true
		}
	}
	return false
}
