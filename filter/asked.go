package filter

import (
	"net/http"

	"github.com/weirhttp/weir/rewrite"
)

// askedHost returns the host of the URL that the client asked for, with its port, as a filter further out found it out, or
// else as the request says.
func askedHost(r *http.Request) string {
	if host, ok := rewrite.Host.Value(r.Context()); ok {
		return host
	}
	return r.Host
}
