package rewrite

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
)

// Copy returns a copy of r that shares nothing with it that an edit could reach, its body
// included, which it reads into memory up to limit bytes. Body of the copy can be read
// once, as any; GetBody gives it anew as often as one likes. Who wants to ask two handlers
// copies once, and then clones the copy and gives the clone a body of GetBody's.
//
// The body of r has been read then: hand on the copy, with Serve, and r no more. A body
// whose length was not declared has one now, and its trailers are there.
//
// When the body is longer than limit, or cannot be read to its end, the error is an
// *http.MaxBytesError or that of reading. The copy is then still as good as r was, but no
// better: its Body has all that the body of r had, once, as a stream with the same error at
// its end. A body that is declared to be too long is not read at all, so that a client that
// waits for a 100 (Continue) does not send it.
//
// A form that was parsed before has used the body up: copy first. In memory the body is all
// that the client chooses to send, up to limit, for every request at the same time.
func Copy(r *http.Request, limit int64) (*http.Request, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Clone(r.Context()), nil
	}
	if r.ContentLength > limit {
		return cloneOf(r, r.Body), &http.MaxBytesError{Limit: limit}
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, r.Body, min(limit, math.MaxInt64-1)+1)
	switch {
	case err == nil:
		rest := struct {
			io.Reader
			io.Closer
		}{io.MultiReader(&b, r.Body), r.Body}
		return cloneOf(r, rest), &http.MaxBytesError{Limit: limit}
	case !errors.Is(err, io.EOF) || r.ContentLength > int64(b.Len()):
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return cloneOf(r, io.NopCloser(io.MultiReader(&b, broken{err}))), err
	}
	edited := r.Clone(r.Context())
	edited.ContentLength, edited.TransferEncoding = int64(b.Len()), nil
	edited.GetBody = func() (io.ReadCloser, error) {
		if b.Len() == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(b.Bytes())), nil
	}
	edited.Body, _ = edited.GetBody()
	return edited, nil
}

// cloneOf returns a copy of r with another body, whose trailers are those of r, which come
// when it has been read.
func cloneOf(r *http.Request, body io.ReadCloser) *http.Request {
	edited := r.Clone(r.Context())
	edited.Trailer, edited.Body = r.Trailer, body
	return edited
}

// broken is the end of a body that could not be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
