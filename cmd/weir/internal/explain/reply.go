package explain

import (
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strings"
)

// reply is a response at one place in the stack.
type reply struct {
	Status   int         `json:"status"`
	Header   http.Header `json:"header"`
	Trailer  http.Header `json:"trailer,omitempty"`
	Bytes    int64       `json:"bytes"`            // of the body
	Hash     string      `json:"sha256,omitempty"` // of the body: the beginning of it
	Flushed  int         `json:"flushed,omitempty"`
	Hijacked bool        `json:"hijacked,omitempty"`
	Cut      bool        `json:"cut,omitempty"`

	hash hash.Hash
}

// sum sets the hash of the body that passed; a may be nil.
func (a *reply) sum() {
	if a != nil && a.hash != nil && a.Bytes > 0 {
		a.Hash = hex.EncodeToString(a.hash.Sum(nil))[:12]
	}
}

// passage notes the body of a response, which passes as it is.
type passage struct {
	rec *Recorder
	out *reply
	dst io.Writer
}

func (p *passage) Write(b []byte) (int, error) {
	n, err := p.dst.Write(b)
	p.rec.mu.Lock()
	defer p.rec.mu.Unlock()
	if !p.rec.over {
		p.out.hash.Write(b[:n])
		p.out.Bytes += int64(n)
	}
	return n, err
}

func (p *passage) Flush() error {
	p.rec.mu.Lock()
	defer p.rec.mu.Unlock()
	if !p.rec.over {
		p.out.Flushed++
	}
	return nil
}

func (p *passage) Close() error { return nil }

// trailers returns what a header has of trailers when a response has been written: those that its head announced, and
// those that are marked.
func trailers(head, header http.Header) http.Header {
	var found http.Header
	add := func(name string, values []string) {
		if found == nil {
			found = http.Header{}
		}
		found[name] = append([]string(nil), values...)
	}
	for _, line := range head["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values := header[name]; len(values) > 0 {
				add(name, values)
			}
		}
	}
	for name, values := range header {
		if plain, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(http.CanonicalHeaderKey(plain), values)
		}
	}
	return found
}
