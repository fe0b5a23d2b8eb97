package filtertest_test

import (
	"net/http"
)

func reachBreaches() []breach {
	hides := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter { return hidden{w} })
	stray := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return grabby{&broken{ResponseWriter: w}, "HTTP/1.1 200 OK\r\n\r\n"}
	})
	hopByHop := reads(func(r *http.Request) {
		r.Header = r.Header.Clone()
		r.Header.Del("Connection")
		r.Header.Del("Te")
	})
	without := func(name string) filter { return onHead(func(h http.Header, status int) { h.Del(name) }) }
	dams := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, flush: func(http.ResponseWriter) {}}
	})
	return []breach{
		{"hides ReadFrom", "A07", "is no io.ReaderFrom", passes(nil)},
		{"hides the server's writer", "A13", "and not to the server's", hides},
		{"drops fields of the connection", "N40", "the handler reads Connection: \"\"", hopByHop},
		{"answers for the handler", "N40", "differ from byte 9", stray},
		{"drops TE", "N41", "the handler reads Te: \"\"", hopByHop},
		{"codes calls", "N41", "the head says", zips()},
		{"holds messages back", "N41", timedOut, dams},
		{"drops the status of a call", "N41", "the trailer Grpc-Status is \"\"", without("Trailer")},
		{"lets a 103 overtake", "N42", "a 103 was sent", defers()},
		{"forgets a trailer behind a length", "N06", "the trailer is \"\"", without("Trailer")},
		{"sets Server", "N39", "Server is \"mine\"", onHead(func(h http.Header, status int) { h.Set("Server", "mine") })},
		{"keeps connections", "N39", "Connection: close", without("Connection")},
		{"sets Date always", "N39", "carries Date", onHead(func(h http.Header, status int) {
			if h.Get("Date") == "" {
				h.Set("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
			}
		})},
	}
}

// deferrer holds a final status back until there is a body.
type deferrer struct {
	*broken
	status int
}

func (d *deferrer) WriteHeader(status int) {
	if status >= 200 {
		d.status = status
		return
	}
	d.broken.WriteHeader(status)
}

func (d *deferrer) Write(p []byte) (int, error) {
	d.broken.WriteHeader(d.status)
	return d.broken.Write(p)
}

func defers() filter {
	return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &deferrer{broken: &broken{ResponseWriter: w}, status: http.StatusOK}
	})
}
