package filter

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// ID is the request's id, as RequestID chose it. It is never empty where it is set. It is noted for [AccessLog].
var ID = &rewrite.Key[string]{Name: "id", Noted: true}

// RequestIDOptions are the options of [RequestID]. The zero value makes a new id for every request.
type RequestIDOptions struct {
	// Header is the name of the field that carries the id, in the request and in the response. Empty means
	// X-Request-Id.
	Header string

	// Trust says whose id is taken over instead of making one: a proxy's, say, by its address. It is taken if there
	// is one of 1 to 128 letters, digits and characters of "-._~+/=", so that it can stand in a log, a URL and a field
	// as it is. Nil trusts nobody.
	Trust func(*http.Request) bool
}

// RequestID returns a filter that gives every request an id: in its context, under [ID], in its header, where what the
// client sent is overwritten, and in the header of the response, whatever the handler says there. An id is 26
// characters of 0 to 9 and a to v, which hold 128 random bits. RequestID answers nothing itself. A Header that
// is no field name (RFC 9110 §5.1) panics when the filter is made.
//
// The response gets the id when its head is sent, and so it is there also when a filter or handler further in has cleared
// the header or copied another server's. Informational responses (1xx) and hijacked connections do not get it.
//
// RequestID is the outermost of a stack, since a request is known by its id only further in: to [AccessLog], and to
// the answer that [Recover] gives.
func RequestID(o RequestIDOptions) func(http.Handler) http.Handler {
	if o.Header == "" {
		o.Header = "X-Request-Id"
	}
	if !token.Is(o.Header) {
		panic(fmt.Sprintf("filter.RequestID: Header is %q, not a field name", o.Header))
	}
	o.Header = http.CanonicalHeaderKey(o.Header)
	// One hook for all requests: the id comes with the request.
	hook := func(h *capture.Head, _ io.Writer) io.WriteCloser {
		id, _ := ID.Value(h.Request.Context())
		h.Header[o.Header] = []string{id}
		return nil
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.RequestID: next is nil")
		}
		named := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, hook)
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := o.choose(r)
			edited := r.WithContext(ID.WithValue(r.Context(), id))
			edited.Header = r.Header.Clone()
			if edited.Header == nil {
				edited.Header = http.Header{}
			}
			edited.Header[o.Header] = []string{id}
			rewrite.Serve(w, r, edited, named)
		})
	}
}

// choose returns the id of r.
func (o *RequestIDOptions) choose(r *http.Request) string {
	if o.Trust != nil && o.Trust(r) {
		if sent := r.Header[o.Header]; len(sent) == 1 && isID(sent[0]) {
			return sent[0]
		}
	}
	return newID()
}

// isID says whether s may be taken over: the characters are those of token68 (RFC 9110 §11.2).
func isID(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && !strings.ContainsRune("-._~+/=", rune(c)) {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 128
}

// newID does not ask crypto/rand, which is a system call on many machines, ten times the cost of all else here: an id has
// to be unlike all others, not a secret. Of those that this generator (ChaCha8, seeded by the system) gave, nobody
// knows the next all the same.
func newID() string {
	const digits = "0123456789abcdefghijklmnopqrstuv"
	var b [26]byte
	one, two := rand.Uint64(), rand.Uint64()
	for i := range 13 {
		b[i], b[13+i] = digits[one%32], digits[two%32]
		one, two = one/32, two/32
	}
	return string(b[:])
}
