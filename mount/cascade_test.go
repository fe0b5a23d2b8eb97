package mount_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
)

// A new application takes over page by page from an old one.
func ExampleCascade() {
	renewed := http.NewServeMux()
	renewed.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "new orders") })
	old := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "old %s %s %q", r.Method, r.URL.Path, body)
	})
	host := mount.Cascade(1<<20, renewed, old)
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "/orders", nil),
		httptest.NewRequest("POST", "/orders", strings.NewReader("7 pieces")),
		httptest.NewRequest("GET", "/prices", nil),
	} {
		w := httptest.NewRecorder()
		host.ServeHTTP(w, r)
		fmt.Println(w.Body)
	}
	// Output:
	// new orders
	// old POST /orders "7 pieces"
	// old GET /prices ""
}

// cascadeApp answers with a status after it has read some of the body, and writes what it read.
func cascadeApp(status int, read int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body []byte
		if read >= 0 {
			body, _ = io.ReadAll(io.LimitReader(r.Body, read))
		}
		w.Header().Set("X-Status", fmt.Sprint(status))
		w.Header().Add("Set-Cookie", fmt.Sprint("status=", status))
		w.WriteHeader(status)
		fmt.Fprintf(w, "%d %q", status, body)
	}
}

const allOfIt = 1 << 20

func TestCascade(t *testing.T) {
	none := cascadeApp(404, -1)
	for name, c := range map[string]struct {
		limit int64
		apps  []http.Handler
		want  string
	}{
		"the first that finds something":           {9, []http.Handler{none, cascadeApp(200, -1), cascadeApp(201, -1)}, `200 ""`},
		"a refusal of the method is passed over":   {9, []http.Handler{cascadeApp(405, -1), cascadeApp(200, -1)}, `200 ""`},
		"an error is an answer":                    {9, []http.Handler{cascadeApp(500, -1), cascadeApp(200, -1)}, `500 ""`},
		"410 is an answer":                         {9, []http.Handler{cascadeApp(410, -1), cascadeApp(200, -1)}, `410 ""`},
		"the last one's 404":                       {9, []http.Handler{cascadeApp(405, -1), none}, `404 ""`},
		"the last one's 405":                       {9, []http.Handler{none, cascadeApp(405, -1)}, `405 ""`},
		"an app alone":                             {0, []http.Handler{cascadeApp(404, allOfIt)}, `404 "12345678"`},
		"each reads the body from the start":       {8, []http.Handler{cascadeApp(404, allOfIt), cascadeApp(404, 3), cascadeApp(404, 5), cascadeApp(200, allOfIt)}, `200 "12345678"`},
		"one begins where another stopped":         {8, []http.Handler{cascadeApp(404, 3), cascadeApp(404, 0), cascadeApp(200, allOfIt)}, `200 "12345678"`},
		"nobody reads but the last":                {0, []http.Handler{none, cascadeApp(404, 0), cascadeApp(200, allOfIt)}, `200 "12345678"`},
		"as much as the limit is read":             {3, []http.Handler{cascadeApp(404, 3), cascadeApp(200, allOfIt)}, `200 "12345678"`},
		"more than the limit is read":              {3, []http.Handler{cascadeApp(404, 4), cascadeApp(200, allOfIt)}, `404 "1234"`},
		"more than the limit is read by the next":  {3, []http.Handler{cascadeApp(404, 2), cascadeApp(404, 4), cascadeApp(200, allOfIt)}, `404 "1234"`},
		"all is read over the limit":               {3, []http.Handler{cascadeApp(404, allOfIt), cascadeApp(200, allOfIt)}, `404 "12345678"`},
		"anything is read with a limit of nothing": {0, []http.Handler{cascadeApp(404, 1), cascadeApp(200, allOfIt)}, `404 "1"`},
		"what is found may read over the limit":    {3, []http.Handler{cascadeApp(404, 2), cascadeApp(200, allOfIt), none}, `200 "12345678"`},
	} {
		t.Run(name, func(t *testing.T) {
			for way, body := range map[string]func(io.Reader) io.Reader{
				"whole": func(r io.Reader) io.Reader { return r }, "in bytes": iotest.OneByteReader, "with its end": iotest.DataErrReader,
			} {
				w := new(filtertest.Recorder)
				w.Serve(mount.Cascade(c.limit, c.apps...), httptest.NewRequest("POST", "/", body(strings.NewReader("12345678"))))
				res := w.Result()
				if got := string(res.Body); got != c.want {
					t.Errorf("%s: %q, want %q", way, got, c.want)
				}
				if got := fmt.Sprint(res.Status); got != res.Header.Get("X-Status") || len(res.Header["Set-Cookie"]) != 1 || got != c.want[:3] {
					t.Errorf("%s: %d with the fields %v", way, res.Status, res.Header)
				}
			}
		})
	}
}

func TestCascadeTellsHowTheBodyEnds(t *testing.T) {
	broken := errors.New("broken")
	read := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); string(body) != "some" || err != broken {
				t.Errorf("%d reads %q, %v", status, body, err)
			}
			w.WriteHeader(status)
			if _, err := r.Body.Read(make([]byte, 1)); status == 404 && err != http.ErrBodyReadAfterClose {
				t.Errorf("a refused app reads on: %v", err)
			}
		})
	}
	body := io.MultiReader(strings.NewReader("some"), iotest.ErrReader(broken))
	mount.Cascade(4, read(404), read(404), read(200)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", body))
}

// countedClose is a body that counts how often it was closed.
type countedClose struct {
	io.Reader
	closed int
}

func (c *countedClose) Close() error {
	c.Reader, c.closed = iotest.ErrReader(fs.ErrClosed), c.closed+1
	return nil
}

func TestCascadeClosesTheBodyForTheOneThatAnswers(t *testing.T) {
	closing := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if status != 200 {
				r.Body.Close()
				if _, err := r.Body.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
					t.Errorf("%d reads on: %v", status, err)
				}
			}
			w.WriteHeader(status)
			r.Body.Close()
			r.Body.Close()
			if _, err := r.Body.Read(make([]byte, 1)); err == nil {
				t.Errorf("%d reads on", status)
			}
		})
	}
	for last, apps := range map[int][]http.Handler{200: {closing(404), closing(200)}, 201: {closing(404), closing(201), closing(404)}} {
		body := &countedClose{Reader: strings.NewReader("body")}
		if mount.Cascade(9, apps...).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", body)); body.closed != 1 {
			t.Errorf("%d: the body was closed %d times", last, body.closed)
		}
	}
}

// TestCascadeTakesABodyOver gives up an app, one of whose goroutines waits for more of the body.
func TestCascadeTakesABodyOver(t *testing.T) {
	client, body := io.Pipe()
	source := &enteredBody{PipeReader: client, in: make(chan struct{}, 9)}
	var stale []byte
	done := make(chan struct{})
	refused := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			defer close(done)
			stale, _ = io.ReadAll(r.Body)
		}()
		<-source.in // its first read
		io.WriteString(body, "one")
		<-source.in // its second read waits, and more than the limit will come
		w.WriteHeader(404)
	})
	last := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 3)
		if _, err := io.ReadFull(r.Body, buf); err != nil {
			t.Error(err)
		}
		w.Write(buf)
		go func() {
			io.WriteString(body, "two")
			io.WriteString(body, "three")
			body.Close()
		}()
		io.Copy(w, r.Body)
	})
	w := httptest.NewRecorder()
	mount.Cascade(4, refused, last).ServeHTTP(w, httptest.NewRequest("POST", "/", source))
	if <-done; w.Body.String() != "onetwothree" || strings.Contains(string(stale), "three") {
		t.Errorf("the last app read %q, the refused one %q", w.Body, stale)
	}
}

// enteredBody says when it is read.
type enteredBody struct {
	*io.PipeReader
	in chan struct{}
}

func (e *enteredBody) Read(p []byte) (int, error) {
	e.in <- struct{}{}
	return e.PipeReader.Read(p)
}

func TestCascadeOfRefusedAnswers(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"flushed": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(404)
			w.(http.Flusher).Flush()
			w.Write(make([]byte, 1<<20))
			w.(http.Flusher).Flush()
		},
		"after 103": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(404) },
		"hijacked too late": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(404)
			if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
				t.Error("hijacked")
			}
		},
		"405": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", "BREW")
			w.Header().Set("Trailer", "X-Sum")
			w.WriteHeader(405)
			w.Header().Set("X-Sum", "1")
		},
		"a changed request": func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("X-Changed", "1")
			r.URL.Path, r.Method, r.Pattern = "/changed", "BREW", "/changed"
			r.SetPathValue("x", "changed")
			w.WriteHeader(404)
		},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			var sent []capture.Sent
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Host", "1")
				capture.Observe(w, r, mount.Cascade(0, first, place), func(_ *http.Request, s capture.Sent) { sent = append(sent, s) })
				if r.Pattern != "" || r.Method != method {
					t.Errorf("%s: the outside sees a changed request", name)
				}
			})
			w := new(filtertest.Recorder)
			w.Serve(h, httptest.NewRequest(method, "/x", nil))
			res := w.Result()
			body := " | /x |  | /x | "
			if len(sent) != 1 || sent[0] != (capture.Sent{Status: 200, Bytes: int64(len(body))}) {
				t.Errorf("%s: observers saw %+v", name, sent)
			}
			if method == "HEAD" {
				body = ""
			}
			if res.Status != 200 || string(res.Body) != body || len(res.Header) != 1 || len(res.Trailer) > 0 || len(res.Flushes) > 0 {
				t.Errorf("%s %s: %+v", method, name, res)
			}
		}
	}
}

func TestCascadePassesPanicsAndHijacks(t *testing.T) {
	last := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the last app was asked") })
	boom := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("boom") })
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); panic("boom") })
	for _, app := range []http.Handler{boom, late} {
		w := httptest.NewRecorder()
		message := panics(func() { mount.Cascade(0, app, last).ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) })
		if message != "boom" || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("panics with %q, sent %q, %v", message, w.Body, w.Header())
		}
	}
	w := new(filtertest.Recorder)
	w.Serve(mount.Cascade(0, http.NotFoundHandler(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := http.NewResponseController(w).Hijack(); err != nil {
			t.Error(err)
		}
	}), last), httptest.NewRequest("GET", "/", nil))
	if !w.Result().Hijacked {
		t.Error("not hijacked")
	}
}

func TestCascadeGivesBackThePattern(t *testing.T) {
	first, second, third := http.NewServeMux(), http.NewServeMux(), http.NewServeMux()
	first.HandleFunc("/", http.NotFound)
	second.HandleFunc("/{x}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.PathValue("x")) })
	third.HandleFunc("/{y}", http.NotFound)
	for want, apps := range map[string][]http.Handler{"/{x}": {first, second, third}, "/{y}": {first, third}} {
		r := httptest.NewRequest("GET", "/7", nil)
		if mount.Cascade(0, apps...).ServeHTTP(httptest.NewRecorder(), r); r.Pattern != want {
			t.Errorf("the pattern is %q, want %q", r.Pattern, want)
		}
	}
}

func TestCascadeOfMounts(t *testing.T) {
	host := mount.Cascade(0, mount.At("/a", mount.Cascade(0, http.NotFoundHandler(), http.NotFoundHandler())), mount.At("/a", place), mount.At("/b", place))
	for target, want := range map[string]string{"/a/x": "/a | /x | /a | /x | ", "/b/a%2Fb": "/b | /a/b | /b | /a%2Fb | ", "/c": "404 page not found\n"} {
		if got := ask(host, target).Body.String(); got != want {
			t.Errorf("%s is %q, want %q", target, got, want)
		}
	}
	if w := ask(host, "/a"); w.Code != 308 || w.Header().Get("Location") != "/a/" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestCascadeKeepsNoUpload(t *testing.T) {
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, _ := parts.CreateFormFile("f", "f")
	part.Write(make([]byte, 1<<20))
	parts.Close()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	parse := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(10); err != nil || len(r.MultipartForm.File["f"]) != 1 {
				t.Errorf("%d: %v", status, err)
			}
			w.WriteHeader(status)
		})
	}
	for _, apps := range [][]http.Handler{{parse(404), parse(405), parse(200)}, {parse(404), parse(200), parse(404)}} {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(form.Bytes()))
		r.Header.Set("Content-Type", parts.FormDataContentType())
		mount.Cascade(2<<20, apps...).ServeHTTP(httptest.NewRecorder(), r)
		if r.MultipartForm == nil {
			t.Fatal("the server cannot remove the files")
		}
		r.MultipartForm.RemoveAll()
		if files, _ := filepath.Glob(dir + "/*"); len(files) > 0 {
			t.Errorf("%d files are left", len(files))
		}
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}

func TestCascadeRefuses(t *testing.T) {
	for want, f := range map[string]func(){
		"mount.Cascade: there are no apps":    func() { mount.Cascade(0) },
		"mount.Cascade: apps[1] is nil":       func() { mount.Cascade(0, place, nil, place) },
		"mount.Cascade: apps[0] is nil":       func() { mount.Cascade(0, http.HandlerFunc(nil)) },
		"mount.Cascade: limit is -1, below 0": func() { mount.Cascade(-1, place) },
	} {
		if message := panics(f); message != want {
			t.Errorf("panics with %q, want %q", message, want)
		}
	}
}

// FuzzCascadeBody reads a body several times, in pieces of any size.
func FuzzCascadeBody(f *testing.F) {
	f.Add([]byte("12345678"), uint8(3), uint8(2), uint8(4), int64(8))
	f.Fuzz(func(t *testing.T, body []byte, first, second, piece uint8, limit int64) {
		if limit < 0 {
			return
		}
		read := func(most uint8) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(io.LimitReader(r.Body, int64(most)))
				if want := body[:min(len(body), int(most))]; err != nil || !bytes.Equal(got, want) {
					t.Errorf("read %q, %v, want %q", got, err, want)
				}
				w.WriteHeader(404)
			})
		}
		last := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			buf := make([]byte, int(piece)+1)
			io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r.Body}, buf)
		})
		w := httptest.NewRecorder()
		mount.Cascade(limit, read(first), read(second), last).ServeHTTP(w, httptest.NewRequest("POST", "/", bytes.NewReader(body)))
		if most := min(len(body), int(max(first, second))); int64(most) <= limit != bytes.Equal(w.Body.Bytes(), body) && len(body) > 0 {
			t.Errorf("%q, want %q: %d were read, the limit is %d", w.Body, body, most, limit)
		}
	})
}

// TestCascadeKeepsThePromises takes a cascade for a filter: nobody notices the apps before the last.
func TestCascadeKeepsThePromises(t *testing.T) {
	for name, first := range map[string]http.Handler{
		"404": http.NotFoundHandler(),
		"405": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", "BREW")
			http.Error(w, "no", http.StatusMethodNotAllowed)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			filtertest.Run(t, func(next http.Handler) http.Handler { return mount.Cascade(1<<20, first, next) })
		})
	}
	t.Run("first", func(t *testing.T) {
		const twice = "a handler that answers 404 is refused, and asked again as the last"
		const early = "the body stays open for the next app until the first one has answered"
		filtertest.Run(t, func(next http.Handler) http.Handler { return mount.Cascade(0, next, next) },
			filtertest.Options{Except: map[string]string{
				"B08": twice, "X03": twice, "X13": twice, "X15": twice, "N15": early, "X48": early,
			}})
	})
}
