package filter_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

// told reads a body and says what came: its bytes, and the error if there is one.
func told(body io.Reader, n int64) string {
	var b strings.Builder
	_, err := io.CopyN(&b, body, n)
	if err == nil || err == io.EOF {
		return b.String()
	}
	return b.String() + "!" + err.Error()
}

const everything = 1 << 30

// sought seeks in a body, and says where to, or that it failed.
func sought(body io.Reader, offset int64, whence int) string {
	at, err := body.(io.Seeker).Seek(offset, whence)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(at)
}

func TestRewind(t *testing.T) {
	declared := filtertest.Options{Except: map[string]string{
		"N15": "a body that can be read again is closed when the handler has returned",
		"X48": "a body that was closed says http.ErrBodyReadAfterClose over HTTP/2, too",
	}}
	filtertest.Run(t, filter.Rewind(filter.RewindOptions{}), declared)
	filtertest.Run(t, filter.Rewind(filter.RewindOptions{Memory: 10, Dir: t.TempDir()}), declared)

	const closed, tooLong = "!http: invalid Read on closed Body", "!http: request body too large"
	const nowhere = "filter.Rewind: a body can be sought up to where it has been read, and not from an end that was not reached"
	for name, c := range map[string]struct {
		read func(r *http.Request, body io.Reader) []string
		want []string
	}{
		"it is read twice": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, everything), told(body, everything), sought(body, 0, io.SeekStart), told(body, everything), told(body, everything)}
		}, []string{"0123456789", "", "0", "0123456789", ""}},
		"half of it is read, and then all": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, 5), sought(body, 0, io.SeekStart), told(body, everything)}
		}, []string{"01234", "0", "0123456789"}},
		"one can seek to what was read": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, 6), sought(body, 5, io.SeekStart), told(body, 1), sought(body, -3, io.SeekCurrent), told(body, 4)}
		}, []string{"012345", "5", "5", "3", "3456"}},
		"and no further": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, 6), sought(body, 7, io.SeekStart), sought(body, 1, io.SeekCurrent), sought(body, 0, io.SeekCurrent), told(body, 1)}
		}, []string{"012345", nowhere, nowhere, "6", "6"}},
		"nor before its start, or in other ways": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, 1), sought(body, -1, io.SeekStart), sought(body, 1<<63-1, io.SeekCurrent), sought(body, 0, 3), told(body, 1)}
		}, []string{"0", nowhere, nowhere, nowhere, "1"}},
		"nor from an end that nobody knows": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, 6), sought(body, -5, io.SeekEnd), told(body, 1)}
		}, []string{"012345", nowhere, "6"}},
		"but from one that was reached": {func(r *http.Request, body io.Reader) []string {
			return []string{told(body, everything), sought(body, -3, io.SeekEnd), told(body, everything), sought(body, 0, io.SeekEnd), told(body, everything)}
		}, []string{"0123456789", "7", "789", "10", ""}},
		"who closes it reads no more": {func(r *http.Request, body io.Reader) []string {
			told(body, 5)
			r.Body.Close()
			return []string{told(body, everything)}
		}, []string{closed}},
		"but can go back": {func(r *http.Request, body io.Reader) []string {
			told(body, 5)
			r.Body.Close()
			r.Body.Close()
			return []string{sought(body, 0, io.SeekStart), told(body, everything)}
		}, []string{"0", "0123456789"}},
		"others read on": {func(r *http.Request, body io.Reader) []string {
			told(body, 5)
			r.Body.Close()
			other, _ := r.GetBody()
			another, _ := r.GetBody()
			got := []string{told(other, 7), told(another, 8)}
			other.Close()
			return append(got, told(other, everything), told(another, everything))
		}, []string{"0123456", "01234567", closed, "89"}},
		"each at its own place": {func(r *http.Request, body io.Reader) []string {
			other, _ := r.GetBody()
			return []string{told(other, 3), told(body, 5), told(other, 3), told(body, everything), told(other, everything), sought(other, 1, io.SeekStart), told(body, everything), told(other, everything)}
		}, []string{"012", "01234", "345", "56789", "6789", "1", "", "123456789"}},
		"what it says of itself stays": {func(r *http.Request, body io.Reader) []string {
			told(body, everything)
			sought(body, 0, io.SeekStart)
			return []string{fmt.Sprint(r.ContentLength == 10 || r.ContentLength == -1), r.Trailer.Get("X-Sum"), told(body, everything), r.Trailer.Get("X-Sum")}
		}, []string{"true", "42", "0123456789", "42"}},
	} {
		for _, proto := range []int{1, 2} {
			for _, memory := range []int64{0, 1, 4, 9, 10} {
				t.Run(fmt.Sprintf("%s/HTTP %d, %d bytes in memory", name, proto, memory), func(t *testing.T) {
					dir := t.TempDir()
					var got []string
					s := httptest.NewUnstartedServer(captured(filter.Rewind(filter.RewindOptions{Memory: memory, Dir: dir})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						got = c.read(r, r.Body)
						if left := filesOf(t, dir); runtime.GOOS != "windows" && left.named > 0 {
							t.Error("the file can be seen")
						}
					}))))
					s.EnableHTTP2 = proto == 2
					s.StartTLS()
					defer s.Close()
					r, _ := http.NewRequest("POST", s.URL, io.NopCloser(strings.NewReader("0123456789")))
					r.Trailer = http.Header{"X-Sum": {"42"}}
					res, err := s.Client().Do(r)
					if err != nil {
						t.Fatal(err)
					}
					res.Body.Close()
					s.Close()
					if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
						t.Errorf("got %q, want %q", got, c.want)
					}
					if left := filesOf(t, dir); left != (files{}) {
						t.Errorf("what is left: %+v", left)
					}
				})
			}
		}
	}
	for name, c := range map[string]struct {
		limit, declared int64
		want            string
	}{
		"a body as long as the limit passes":          {10, 10, "200 0123456789 0123456789"},
		"the same of unknown length":                  {10, -1, "200 0123456789 0123456789"},
		"a longer one is refused":                     {9, 10, "413 Request Entity Too Large\n"},
		"one of unknown length fails, and that again": {9, -1, "200 012345678" + tooLong + " 012345678" + tooLong},
	} {
		for _, proto := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/HTTP %d", name, proto), func(t *testing.T) {
				s := httptest.NewUnstartedServer(captured(filter.Rewind(filter.RewindOptions{Memory: 5, Limit: c.limit, Dir: t.TempDir()})(twice)))
				s.EnableHTTP2 = proto == 2
				s.StartTLS()
				defer s.Close()
				r, _ := http.NewRequest("POST", s.URL, io.NopCloser(strings.NewReader("0123456789")))
				r.ContentLength = c.declared
				res, err := s.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				answer, _ := io.ReadAll(res.Body)
				if got := fmt.Sprint(res.StatusCode, " ", string(answer)); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if longer := c.limit < 10; proto == 1 && res.Close != longer {
					t.Errorf("the connection closes: %v", res.Close)
				}
			})
		}
	}
}

// twice reads a body twice, and answers with both.
var twice = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	first := told(r.Body, everything)
	r.Body.(io.Seeker).Seek(0, io.SeekStart)
	io.WriteString(w, first+" "+told(r.Body, everything))
})

func TestRewind_copies(t *testing.T) {
	rewind := filter.Rewind(filter.RewindOptions{})
	var got *http.Request
	h := rewind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r }))
	w := discardResponse{make(http.Header)}
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Body = body
		if h.ServeHTTP(w, r); got != r {
			t.Error("a request without a body was copied")
		}
		if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n > 0 {
			t.Errorf("a request without a body costs %v allocations", n)
		}
	}
	body := io.NopCloser(strings.NewReader("body"))
	r := httptest.NewRequest("POST", "/", body)
	if h.ServeHTTP(w, r); got == r || r.Body != body || r.GetBody != nil {
		t.Error("the request was edited")
	}
}

func TestRewind_nonsense(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	_, noSuchFile := os.Stat(missing)
	for want, f := range map[string]func(){
		"filter.Rewind: Memory is -1, below 0":          func() { filter.Rewind(filter.RewindOptions{Memory: -1}) },
		"filter.Rewind: Limit is -1, below 0":           func() { filter.Rewind(filter.RewindOptions{Limit: -1}) },
		"filter.Rewind: Dir: " + noSuchFile.Error():     func() { filter.Rewind(filter.RewindOptions{Dir: missing}) },
		"filter.Rewind: Dir: " + file + " is no folder": func() { filter.Rewind(filter.RewindOptions{Dir: file}) },
		"filter.Rewind: next is nil":                    func() { filter.Rewind(filter.RewindOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

// FuzzRewind reads and seeks in two bodies of a request as a program of bytes says, beside two of bytes.Reader. Both come to
// the same, except that nobody can seek to where nobody has been.
func FuzzRewind(f *testing.F) {
	f.Add([]byte("0123456789"), []byte{0, 5, 2, 0, 1, 9, 3, 2, 0, 99, 4, 250}, int64(4), byte(0))
	f.Add([]byte(strings.Repeat("x", 200)), []byte{1, 200, 5, 3, 0, 1, 7, 1, 9, 200, 2, 100}, int64(1), byte(1))
	f.Add([]byte{}, []byte{0, 0, 8, 0, 1, 1}, int64(0), byte(2))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data, program []byte, memory int64, pieces byte) {
		if memory < 0 || memory > 1<<16 {
			return
		}
		ways := []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader}
		source := struct{ io.Reader }{ways[int(pieces)%len(ways)](bytes.NewReader(data))}
		filter.Rewind(filter.RewindOptions{Memory: memory, Dir: dir})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			other, _ := r.GetBody()
			bodies := [2]io.ReadCloser{r.Body, other}
			models := [2]*bytes.Reader{bytes.NewReader(data), bytes.NewReader(data)}
			var been int64 // as far as one of them has read
			ended := false
			for len(program) > 1 {
				op, arg := program[0], program[1]
				program = program[2:]
				body, model := bodies[op%2], models[op%2]
				at := model.Size() - int64(model.Len())
				if op /= 2; op%4 == 3 {
					p := make([]byte, arg)
					n, err := body.Read(p)
					want := make([]byte, n)
					io.ReadFull(model, want)
					if been = max(been, at+int64(n)); err == io.EOF {
						ended = true
					}
					if !bytes.Equal(p[:n], want) || err == io.EOF && model.Len() > 0 || err != nil && err != io.EOF || n == 0 && err == nil && arg > 0 && model.Len() > 0 {
						t.Fatalf("at %d of %d: read %q and %v, want %q", at, len(data), p[:n], err, want)
					}
					continue
				}
				offset, whence := int64(int8(arg)), int(op%4)
				to := [3]int64{0, at, int64(len(data))}[whence] + offset
				ok := to >= 0 && to <= been && (whence != io.SeekEnd || ended)
				got, err := body.(io.Seeker).Seek(offset, whence)
				if (err == nil) != ok || ok && got != to {
					t.Fatalf("seek %d from %d at %d, read to %d: %d and %v", offset, whence, at, been, got, err)
				}
				if ok {
					model.Seek(offset, whence)
				}
			}
			body, _ := r.GetBody()
			if got, err := io.ReadAll(body); !bytes.Equal(got, data) || err != nil {
				t.Fatalf("%q came as %q, %v", data, got, err)
			}
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", source))
	})
}

func ExampleRewind() {
	key := []byte("the key of the hook")
	signed := func(next http.Handler) http.Handler { // reads the body before the handler does
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sum := hmac.New(sha256.New, key)
			if _, err := io.Copy(sum, r.Body); err != nil {
				http.Error(w, "the body did not come whole", http.StatusBadRequest)
				return
			}
			got, _ := hex.DecodeString(r.Header.Get("X-Signature"))
			if !hmac.Equal(got, sum.Sum(nil)) {
				http.Error(w, "the signature is wrong", http.StatusForbidden)
				return
			}
			if body, ok := r.Body.(io.Seeker); ok { // a request without a body has none to go back in
				body.Seek(0, io.SeekStart)
			}
			next.ServeHTTP(w, r)
		})
	}
	hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var push struct{ Branch string }
		if err := json.NewDecoder(r.Body).Decode(&push); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Println("pushed:", push.Branch)
	})
	h := filter.Rewind(filter.RewindOptions{Limit: 1 << 20})(signed(hook))

	sum := hmac.New(sha256.New, key)
	io.WriteString(sum, `{"branch": "main"}`)
	for _, signature := range []string{hex.EncodeToString(sum.Sum(nil)), "00"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"branch": "main"}`))
		r.Header.Set("X-Signature", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// pushed: main
	// 200
	// 403
}
