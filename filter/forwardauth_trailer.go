package filter

import (
	"io"
	"maps"
	"net/http"
	"sync"
)

// scrubTrailer gives edited, a copy of r, trailers of its own, without the fields that scrub removes. A client may send any
// field behind the body: net/http adds them to Request.Trailer when the body has been read, over HTTP/1 those that were not
// announced, too.
func scrubTrailer(r, edited *http.Request, scrub func(http.Header)) {
	if r.Trailer == nil {
		return // net/http makes one for its own request then, which no copy has
	}
	arrived := func() {
		trailer := r.Trailer.Clone()
		scrub(trailer)
		maps.Copy(edited.Trailer, trailer)
	}
	edited.Trailer = make(http.Header, len(r.Trailer))
	arrived()
	if r.Body != nil {
		edited.Body = &trailedBody{ReadCloser: r.Body, arrived: arrived}
	}
}

// trailedBody is a body whose trailers have arrived when it has been read.
type trailedBody struct {
	io.ReadCloser
	once    sync.Once
	arrived func()
}

func (b *trailedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.once.Do(b.arrived)
	}
	return n, err
}
