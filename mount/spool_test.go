package mount_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestCGITakesBodies(t *testing.T) {
	holding, strict := program(t, "echo"), program(t, "echo")
	holding.Spool = 1 << 20
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for name, c := range map[string]struct {
		h      http.Handler
		body   string
		length int64
		status int
		want   string
	}{
		"of a known length":                  {strict, big + big, 2 << 20, 200, big + big},
		"of an unknown length":               {holding, big, -1, 200, big},
		"that turn out to be empty":          {holding, "", -1, 200, "\nCONTENT_LENGTH is wrong"}, // there is none
		"that are longer than held":          {holding, big + "x", -1, 413, "Request Entity Too Large\n"},
		"of an unknown length, where unheld": {strict, big, -1, 411, "411 Length Required\n"},
		"behind a limit":                     {limited(holding), big, -1, 413, "Request Entity Too Large\n"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", name, http2), func(t *testing.T) {
				t.Setenv("TMPDIR", t.TempDir())
				server := httptest.NewUnstartedServer(c.h)
				server.EnableHTTP2 = http2
				server.StartTLS()
				defer server.Close()
				// A reader that net/http does not know, so that it takes the length from us.
				body := io.MultiReader(strings.NewReader(c.body))
				req, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, body)
				req.ContentLength = c.length
				res, err := server.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				got, err := io.ReadAll(res.Body)
				if res.StatusCode != c.status || string(got) != c.want || err != nil {
					t.Errorf("%d, %d bytes, %v; want %d, %d bytes", res.StatusCode, len(got), err, c.status, len(c.want))
				}
				server.Close()
				if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
					t.Errorf("%s is left behind", left[0])
				}
			})
		}
	}
}

// limited is next below a limit of 1000 bytes.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below := r.WithContext(r.Context())
		below.Body = http.MaxBytesReader(w, r.Body, 1000)
		next.ServeHTTP(w, below)
	})
}

var errGone = errors.New("gone")

func TestCGIWhoseUploadBreaksOff(t *testing.T) {
	cgi := program(t, "echo")
	cgi.Spool = 1000
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("half"), broken{}))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	if cgi.ServeHTTP(w, r); w.Code != 400 {
		t.Errorf("an upload that breaks off is %d", w.Code)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errGone }
