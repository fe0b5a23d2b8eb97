package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestGuestIsWholeBelowItsPrefix(t *testing.T) {
	p := start(t, nil)
	below := p.base + "/guest/"
	c := newCrawler(t, client(t).Transport, below)
	visited := map[string]string{below: "text/html"}
	for grown := true; grown; { // until no page names a new one
		var pages []string
		for link, kind := range visited {
			if strings.HasPrefix(kind, "text/html") {
				pages = append(pages, link)
			}
		}
		slices.Sort(pages)
		before := len(visited)
		maps.Copy(visited, c.follow(pages...))
		grown = len(visited) > before
	}
	for _, want := range []string{"assets/style.css", "assets/live.js", "assets/mark.svg", "book", "login", "upload", "live", "environment", "rooms/attic", "rooms/cellar"} {
		if visited[below+want] == "" {
			t.Errorf("no page leads to %s", want)
		}
	}
}

func TestIndexSaysWhatIsMounted(t *testing.T) {
	p := start(t, nil, "--user", "ada")
	if p.open != p.base+"/" {
		t.Errorf("the URL to open is %s", p.open)
	}
	index := ask(t, client(t), "GET", p.open, nil)
	if index.status != http.StatusOK {
		t.Fatalf("status %d", index.status)
	}
	rest := index.body
	for _, name := range []string{"/guest/", "knows nothing of weir", ">guest<", ">request-id<", ">user<", ">access-log<", ">recover<", ">rate-limit<", ">compress<", ">max-body<"} {
		_, after, found := strings.Cut(rest, name)
		if !found {
			t.Fatalf("the index does not name %s, or not in its place", name)
		}
		rest = after
	}
}

func TestFormPostsAndRedirects(t *testing.T) {
	p := start(t, nil)
	c := client(t)
	posted := ask(t, c, "POST", p.base+"/guest/book", strings.NewReader("name=Ada&text=A+%3Cfine%3E+house"),
		"Content-Type: application/x-www-form-urlencoded")
	if location := posted.header.Get("Location"); posted.status != http.StatusSeeOther || location != "book" {
		t.Errorf("the form answers %d to %q, want 303 to the relative book", posted.status, location)
	}
	if book := ask(t, c, "GET", p.base+"/guest/book", nil); !strings.Contains(book.body, "A &lt;fine&gt; house") {
		t.Error("the entry is not in the book")
	}
}

func TestLogin(t *testing.T) {
	p := start(t, nil)
	c := client(t)
	var err error
	if c.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	ask(t, c, "POST", p.base+"/guest/login", strings.NewReader("name=ada&password=guest"), "Content-Type: application/x-www-form-urlencoded")
	if home := ask(t, c, "GET", p.base+"/guest/", nil); !strings.Contains(home.body, "<span>ada</span>") {
		t.Error("the guest does not know who signed in")
	}
	if index, err := url.Parse(p.base + "/"); err != nil || len(c.Jar.Cookies(index)) > 0 {
		t.Error("the guest's cookie reaches the index")
	}
	ask(t, c, "POST", p.base+"/guest/logout", nil)
	if home := ask(t, c, "GET", p.base+"/guest/", nil); strings.Contains(home.body, "<span>ada</span>") {
		t.Error("the guest still knows who signed in after the logout")
	}
}

func TestEnvironmentComesFromTheHostAlone(t *testing.T) {
	for user, want := range map[string]string{"ada": "<code>ada</code>", "": `<span class="note">empty</span>`} {
		p := start(t, nil, "--user", user, "--at", "/deep/down")
		page := ask(t, client(t), "GET", p.base+"/deep/down/environment?a=b", nil, "X-Script-Name: /forged", "x-script_name: /forged",
			"X-Remote-User: forged", "X_Remote_User: forged", "X_Remote-User: forged", "Remote-User: forged", "X-Kept: kept").body
		for _, line := range []string{
			`<th scope="row">Script name</th><td><code>/deep/down</code>`,
			`<th scope="row">Path info</th><td><code>/environment</code>`,
			`<th scope="row">User</th><td>` + want,
			`<th scope="row">Query</th><td><code>a=b</code>`,
			`<th scope="row">X-Kept</th><td><code>kept</code>`,
		} {
			if !strings.Contains(page, line) {
				t.Errorf("user %q: the page has no %s", user, line)
			}
		}
		if strings.Contains(page, "forged") {
			t.Errorf("user %q: a field of the client's reached the guest\n%s", user, page)
		}
	}
}

// form returns a multipart form with one file, and its content type.
func form(t *testing.T, content []byte) (*bytes.Buffer, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "blob.bin")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content) // a buffer takes all
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, "Content-Type: " + w.FormDataContentType()
}

func TestUpload(t *testing.T) {
	temp := t.TempDir()
	p := start(t, []string{"TMPDIR=" + temp})
	content := bytes.Repeat([]byte("a weir is a low dam\n"), 100_000)
	body, kind := form(t, content)
	page := ask(t, client(t), "POST", p.base+"/guest/upload", body, kind)
	for _, want := range []string{fmt.Sprintf("%d bytes", len(content)), fmt.Sprintf("%x", sha256.Sum256(content)), "blob.bin"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("status %d; the page has no %s", page.status, want)
		}
	}
	p.stop() // the server removes the file after it has answered: look when it has ended
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// maxBody is what the demonstration takes, in bytes.
const maxBody = 32 << 20

func TestUploadThatIsTooLarge(t *testing.T) {
	p := start(t, nil)
	body, kind := form(t, make([]byte, maxBody))
	page := ask(t, client(t), "POST", p.base+"/guest/upload", io.MultiReader(body), kind) // of unknown length
	if page.status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", page.status)
	}
}

func TestCompressed(t *testing.T) {
	p := start(t, nil)
	for _, path := range []string{"/", "/guest/", "/guest/assets/style.css"} {
		plain := ask(t, client(t), "GET", p.base+path, nil)
		coded := ask(t, client(t), "GET", p.base+path, nil, "Accept-Encoding: gzip")
		if got := coded.header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding %q, want gzip", path, got)
			continue
		}
		r, err := gzip.NewReader(strings.NewReader(coded.body))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != plain.body {
			t.Errorf("%s: the compressed page is not the plain one (%v)", path, err)
		}
	}
}

// openEvents opens the event stream and reads its first event, which only a flush brings: the stream stays open.
func openEvents(t *testing.T, p *program, prefix string) *bufio.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", p.base+prefix+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if got := res.Header.Get("Content-Encoding"); got != "" {
		t.Errorf("the event stream has Content-Encoding %q", got)
	}
	stream := bufio.NewReader(res.Body)
	if line, err := stream.ReadString('\n'); err != nil || line != "id: 1\n" {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	return stream
}

// TestShutdown has an upload half sent and an event stream open when the program is asked to end: the stream ends,
// the upload is answered, the exit code is 0.
func TestShutdown(t *testing.T) {
	p := start(t, nil)
	stream := openEvents(t, p, "/guest")
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body, kind := form(t, bytes.Repeat([]byte("x"), 100_000))
	fmt.Fprintf(conn, "POST /guest/upload HTTP/1.1\r\nHost: weir.test\r\n%s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", kind, body.Len())
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("the upload began with %q, %v", line, err)
	}
	_, _ = answers.ReadString('\n') // the empty line after it
	p.terminate()
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the event stream did not end well: %v", err)
	}
	_, _ = body.WriteTo(conn) // an error shows in the answer
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("no answer to the upload: %v", err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(text), "blob.bin") {
		t.Errorf("the upload was answered with %s, %v", res.Status, err)
	}
	p.wait()
	if log := p.stderr.String(); !strings.Contains(log, "/guest/upload") {
		t.Errorf("the log does not name the upload:\n%s", log)
	}
}
