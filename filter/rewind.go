package filter

import (
	"cmp"
	"fmt"
	"net/http"
	"os"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// RewindOptions are the options of [Rewind]. The zero value is right for most programs.
type RewindOptions struct {
	// Memory is how many bytes of a body are kept in memory, for each request that is under way. What comes behind them is
	// kept in a temporary file. Zero means 64 KiB.
	Memory int64

	// Limit is how many bytes a body may have, and with that how large the file can become, for each request that is under
	// way. Zero means 32 MiB.
	Limit int64

	// Dir is the folder for the temporary files. Empty means that of [os.TempDir].
	Dir string
}

// Rewind returns a filter that lets handlers read the body of a request again from its start, as often as they like: what
// checks a signature reads it, say, and then what decodes it.
//
// The handler gets a copy of the request with a Body that is an [io.Seeker], too:
//
//	if body, ok := r.Body.(io.Seeker); ok {
//		_, err = body.Seek(0, io.SeekStart)
//	}
//
// It can seek to any place up to which the body has been read, and from the end once that was reached, and fails otherwise:
// it never waits for the client. Close ends reading until the next Seek, so that http.Transport, or a decoder that closes
// what it has read, takes nothing away; the body of the client is closed when the handler has returned.
//
// GetBody of the copy returns another body from the start, each with a place of its own. Several of them may be read at
// once, in goroutines of their own; one of them may not. An http.Transport asks for it when it sends a request again, so
// the copy can go through [net/http/httputil.ReverseProxy] as it is. The server itself does not use GetBody. A filter
// further in that makes another Body has to change GetBody as well, or set it to nil.
//
// The bytes are kept as a handler reads them, and not before: a body streams, and a client that asks first with Expect:
// 100-continue waits for a handler that wants it. ContentLength stays, and the trailers come when the end was reached
// once. A request without a body is handed on as it is, at no cost: its Body is [http.NoBody], and GetBody nil.
//
// An error of reading comes again at the same place each time, so that a body that was cut never looks whole. More than
// Limit is refused as MaxBody does it: with 413 where the Content-Length says so, else with an [http.MaxBytesError] at that
// place. When the disk is full, or Dir is gone, reading fails with an error that names Dir, at the first byte that could
// not be kept.
//
// What was kept goes when the handler has returned or panicked. A body that is read after that fails with
// [http.ErrBodyReadAfterClose]. On Unix the file has no name while it is used, and so is gone with the process at the
// latest; on Windows it is removed when the handler has returned.
//
// Rewind belongs inside of MaxBody, which refuses at less cost, and of DecompressRequest, so that what is read again is
// decoded once, and around the handlers and filters that read a body twice. Without Concurrency outside of it, there may be
// as many files as clients send bodies at a time. A Memory or Limit below 0 panics when the filter is made, as does Dir
// where that is no folder.
func Rewind(o RewindOptions) func(http.Handler) http.Handler {
	switch {
	case o.Memory < 0:
		panic(fmt.Sprintf("filter.Rewind: Memory is %d, below 0", o.Memory))
	case o.Limit < 0:
		panic(fmt.Sprintf("filter.Rewind: Limit is %d, below 0", o.Limit))
	case o.Dir != "":
		if info, err := os.Stat(o.Dir); err != nil {
			panic(fmt.Sprintf("filter.Rewind: Dir: %v", err))
		} else if !info.IsDir() {
			panic(fmt.Sprintf("filter.Rewind: Dir: %s is no folder", o.Dir))
		}
	}
	o.Memory = cmp.Or(o.Memory, 64<<10)
	o.Limit = cmp.Or(o.Limit, 32<<20)
	limited := MaxBody(o.Limit)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Rewind: next is nil")
		}
		return limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body == nil || r.Body == http.NoBody {
				next.ServeHTTP(w, r)
				return
			}
			kept := &keptBody{source: r.Body, memoryMax: o.Memory, dir: o.Dir}
			defer kept.leave()
			rewrite.Serve(w, r, kept.edited(r), kept.closing(next))
		}))
	}
}

// edited returns the request with a body that can be read again.
func (k *keptBody) edited(r *http.Request) *http.Request {
	edited := r.WithContext(r.Context())
	edited.GetBody = k.again
	edited.Body, _ = k.again()
	return edited
}

// closing closes the body of the client after next if that closed its own: a handler that read only a part, over a
// connection on which it may read and write at once, does so for the sake of the next request (golang/go#68560). Over a
// connection that was taken over it would eat what is not its own, and from a client that waits for a 100 (Continue) or the
// answer, it would wait for what does not come.
func (k *keptBody) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		capture.Observe(w, r, next, func(r *http.Request, sent capture.Sent) {
			waits := r.Header.Get("Expect") != "" && !k.asked.Load()
			if !sent.Hijacked && !sent.Cut && !waits && k.givenUp() {
				k.source.Close()
			}
		})
	})
}
