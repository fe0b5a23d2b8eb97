package filter

import "net/http"

// overTLS says whether the client asked by HTTPS.
func overTLS(r *http.Request) bool { return r.TLS != nil }
