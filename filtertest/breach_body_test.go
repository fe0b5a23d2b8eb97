package filtertest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
)

// passes is a filter whose writer treats bodies in some way.
func passes(body func(w http.ResponseWriter, p []byte) (int, error)) filter {
	return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, body: body}
	})
}

// reads is a filter that hands on a copy of the request with something done to it.
func reads(edit func(*http.Request)) filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r = r.WithContext(r.Context())
		edit(r)
		next.ServeHTTP(w, r)
	})
}

func bodyBreaches() []breach {
	drops := passes(func(w http.ResponseWriter, p []byte) (int, error) {
		w.Write(p[:min(len(p), 512<<10)])
		return len(p), nil
	})
	dropsSmall := passes(func(w http.ResponseWriter, p []byte) (int, error) {
		if len(p) > 0 && len(p) < 4 && p[0] == 0 {
			return len(p), nil
		}
		return w.Write(p)
	})
	miscounts := passes(func(w http.ResponseWriter, p []byte) (int, error) {
		n, err := w.Write(p)
		return n / 2, err
	})
	wrongLength := onHead(func(h http.Header, status int) {
		if n, err := strconv.Atoi(h.Get("Content-Length")); err == nil {
			h.Set("Content-Length", strconv.Itoa(n+1))
		}
	})
	dropsLength := onHead(func(h http.Header, status int) { h.Del("Content-Length") })
	keepsSlices := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		var pieces [][]byte
		next.ServeHTTP(&broken{ResponseWriter: w, body: func(w http.ResponseWriter, p []byte) (int, error) {
			pieces = append(pieces, p)
			return len(p), nil
		}}, r)
		w.Write(bytes.Join(pieces, nil))
	})
	readsAll := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, _ := io.ReadAll(r.Body)
		r = r.WithContext(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
	return []breach{
		{"loses the end of long writes", "D01", "want 1048576", drops},
		{"loses small writes", "D02", "want 15000", dropsSmall},
		{"returns other numbers", "D03", "Write of 1 bytes returned 0", miscounts},
		{"stops io.Copy", "D04", "short write", miscounts},
		{"overtakes itself", "D05", "differ from byte", overtakes()},
		{"keeps the handler's slice", "N08", "differ from byte", keepsSlices},
		{"declares a wrong length", "C01", "not complete", wrongLength},
		{"swallows what is too much", "C02", "returned <nil>", swallows()},
		{"drops Content-Length", "C20", "came as a complete 200", dropsLength},
		{"compresses half a body", "C20", "came as a complete 200", zips()},
		{"takes the context away", "D06", "did not end", reads(func(r *http.Request) {
			*r = *r.WithContext(context.WithoutCancel(r.Context()))
		})},
		{"swallows the error of a broken connection", "G04", "without an error", deafens()},
		{"cuts uploads", "D07", "want 1048576", reads(func(r *http.Request) {
			r.Body = io.NopCloser(io.LimitReader(r.Body, 512<<10))
		})},
		{"clones the trailers", "D09", "the handler reads the trailer \"\"", around(
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				next.ServeHTTP(w, r.Clone(r.Context()))
			})},
		{"reads bodies itself", "D08", "was sent 100 Continue", readsAll},
		{"takes the body away", "D11", "no 100 Continue", reads(func(r *http.Request) { r.Body = http.NoBody })},
		{"keeps MultipartForm to itself", "D10", "is still there", reads(func(*http.Request) {})},
	}
}

// overtaker buffers Write and passes ReadFrom by the buffer.
type overtaker struct {
	*broken
	buffer bytes.Buffer
}

func (o *overtaker) Write(p []byte) (int, error) { return o.buffer.Write(p) }

func (o *overtaker) ReadFrom(r io.Reader) (int64, error) { return io.Copy(o.ResponseWriter, r) }

func overtakes() filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		o := &overtaker{broken: &broken{ResponseWriter: w}}
		next.ServeHTTP(o, r)
		w.Write(o.buffer.Bytes())
	})
}

// mute is a writer that returns no error from FlushError either.
type mute struct{ *broken }

func (m mute) FlushError() error {
	m.Flush()
	return nil
}

func deafens() filter {
	return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return mute{&broken{ResponseWriter: w, body: func(w http.ResponseWriter, p []byte) (int, error) {
			w.Write(p)
			return len(p), nil
		}}}
	})
}
