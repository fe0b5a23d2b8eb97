package guest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/weirhttp/weir/cmd/weir/internal/guest"
)

// serve starts the guest below /some/where without its knowing, as the simplest of hosts would, and returns a client
// that keeps cookies and does not follow redirects.
func serve(t *testing.T) (base string, c *http.Client) {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/some/where", guest.New(t.Context())))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c = server.Client()
	c.Jar = jar
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return server.URL + "/some/where/", c
}

// read returns the status, the head and the body of an answer.
func read(t *testing.T, res *http.Response, err error) (int, http.Header, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func get(t *testing.T, c *http.Client, url string) (int, http.Header, string) {
	t.Helper()
	res, err := c.Get(url)
	return read(t, res, err)
}

func post(t *testing.T, c *http.Client, url string, form url.Values) (int, http.Header, string) {
	t.Helper()
	res, err := c.PostForm(url, form)
	return read(t, res, err)
}

func TestStatus(t *testing.T) {
	base, c := serve(t)
	for _, test := range []struct {
		name, path string
		form       url.Values // nil: GET
		want       int
	}{
		{"the first page", "", nil, 200},
		{"a page one level down", "rooms/attic", nil, 200},
		{"a room that the house does not have", "rooms/ballroom", nil, 404},
		{"a page that is not there", "no/such/page", nil, 404},
		{"an asset that is not there", "assets/none.css", nil, 404},
		{"a login with the wrong password", "login", url.Values{"name": {"ada"}, "password": {"x"}}, 403},
		{"a login without a name", "login", url.Values{"name": {" "}, "password": {"guest"}}, 403},
		{"an entry without a text", "book", url.Values{"name": {"ada"}}, 422},
		{"an upload that is no multipart form", "upload", url.Values{"file": {"x"}}, 400},
		{"a GET of what only takes POST", "logout", nil, 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got int
			if test.form == nil {
				got, _, _ = get(t, c, base+test.path)
			} else {
				got, _, _ = post(t, c, base+test.path, test.form)
			}
			if got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
		})
	}
}

func TestLinksClimbToTheFirstPage(t *testing.T) {
	base, c := serve(t)
	for path, want := range map[string]string{"": `href="./login"`, "rooms/attic": `href="../login"`, "a/b/c": `href="../../login"`} {
		if _, _, body := get(t, c, base+path); !strings.Contains(body, want) {
			t.Errorf("the page at %q has no %s", path, want)
		}
	}
}

func TestLoginIsKeptByACookieBelowThePrefix(t *testing.T) {
	base, c := serve(t)
	status, head, _ := post(t, c, base+"login", url.Values{"name": {"<ada>"}, "password": {"guest"}})
	if status != http.StatusSeeOther || head.Get("Location") != "./" {
		t.Fatalf("login answers %d to %q, want 303 to ./", status, head.Get("Location"))
	}
	if _, _, body := get(t, c, base); !strings.Contains(body, "&lt;ada&gt;") {
		t.Error("the first page does not say who signed in")
	}
	above, err := url.Parse(strings.TrimSuffix(base, "some/where/"))
	if err != nil {
		t.Fatal(err)
	}
	if cookies := c.Jar.Cookies(above); len(cookies) != 0 {
		t.Errorf("the cookie reaches the host's own pages: %v", cookies)
	}
	post(t, c, base+"logout", nil)
	if _, _, body := get(t, c, base); strings.Contains(body, "ada") {
		t.Error("the first page still knows who signed in after the logout")
	}
}

func TestForgedCookieSignsNobodyIn(t *testing.T) {
	base, c := serve(t)
	for _, value := range []string{"YWRh", "YWRh.", "YWRh.AAAA", ".", "%%%.AAAA"} {
		req, err := http.NewRequest("GET", base, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", "guest_session="+value)
		res, err := c.Do(req)
		if _, _, body := read(t, res, err); !strings.Contains(body, "Sign in</a>") {
			t.Errorf("the cookie %q signed somebody in", value)
		}
	}
}

func TestFormFromAnotherSiteIsRefused(t *testing.T) {
	base, c := serve(t)
	req, err := http.NewRequest("POST", base+"logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := c.Do(req)
	if status, _, _ := read(t, res, err); status != http.StatusForbidden {
		t.Errorf("status %d, want 403", status)
	}
}

func TestBookKeepsTheLastEntries(t *testing.T) {
	base, c := serve(t)
	for n := range 25 {
		post(t, c, base+"book", url.Values{"name": {"ada"}, "text": {fmt.Sprintf("entry-%d ", n) + strings.Repeat("ö", 600)}})
	}
	_, _, body := get(t, c, base+"book")
	if got := strings.Count(body, `class="entry"`); got != 20 {
		t.Errorf("%d entries, want 20", got)
	}
	if strings.Contains(body, "entry-4 ") || !strings.Contains(body, "entry-5 ") {
		t.Error("the entries that went were not the oldest")
	}
	if strings.Contains(body, strings.Repeat("ö", 500)) {
		t.Error("an entry is longer than 500 characters")
	}
}

// TestEvents runs in a bubble, where a second takes no time: the stream ends when the application's context does.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		app := guest.New(ctx)
		rec := httptest.NewRecorder()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			app.ServeHTTP(rec, httptest.NewRequest("GET", "/events", nil))
		}()
		synctest.Wait()
		if first := rec.Body.String(); !rec.Flushed || strings.Count(first, "data: ") != 1 {
			t.Errorf("before the first second: flushed %v, %q; want one flushed event", rec.Flushed, first)
		}
		end()
		<-ended
		if got := rec.Header().Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type %q", got)
		}
	})
}
