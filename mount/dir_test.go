package mount_test

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// The columns of the table are the path below the mount, the status, and the body of a 200 or
// the Location of a 308.
func TestDir(t *testing.T) {
	long := strings.Repeat("x", 300)
	app := mount.At("/m", &mount.Dir{FS: os.DirFS(folder(t, siteFiles))})
	for name, c := range map[string]struct {
		path   string
		status int
		want   string
	}{
		"a file":                                {"/a.txt", 200, "a"},
		"a file below":                          {"/sub/b.css", 200, "b"},
		"an empty file":                         {"/empty.txt", 200, ""},
		"the root":                              {"/", 200, "root"},
		"a directory":                           {"/sub/", 200, "sub"},
		"letters that are escaped":              {"/%61.t%78t", 200, "a"},
		"a name with ? # % and ;":               {"/q%3Fx%23y%25z;v.txt", 200, "odd name"},
		"a name beyond ASCII":                   {"/%c3%a9/%C3%BC.txt", 200, "beyond ASCII"},
		"a name that ends in dots":              {"/name..", 200, "dots"},
		"a query":                               {"/a.txt?x=/../", 200, "a"},
		"a directory without a slash":           {"/sub", 308, "./sub/"},
		"the same with a query":                 {"/sub?a=%2F&b=//", 308, "./sub/?a=%2F&b=//"},
		"the same with an empty query":          {"/sub?", 308, "./sub/?"},
		"the same as it is written":             {"/s%75b", 308, "./s%75b/"},
		"one with a colon":                      {"/a:b", 308, "./a:b/"},
		"one with an escaped colon":             {"/a%3ab", 308, "./a%3ab/"},
		"one beyond ASCII":                      {"/%c3%a9", 308, "./%c3%a9/"},
		"the index by its name":                 {"/index.html", 308, "./"},
		"the index below by its name":           {"/sub/index.html?q", 308, "./?q"},
		"a directory without index":             {"/bare/", 404, ""},
		"the same without a slash":              {"/bare", 308, "./bare/"},
		"a directory whose index is a folder":   {"/odd/", 404, ""},
		"no file":                               {"/b.txt", 404, ""},
		"another case":                          {"/A.txt", 404, ""},
		"a slash after a file":                  {"/a.txt/", 404, ""},
		"something below a file":                {"/a.txt/b", 404, ""},
		"doubled slashes":                       {"//a.txt", 404, ""},
		"doubled slashes further down":          {"/sub//b.css", 404, ""},
		"nothing but slashes":                   {"//", 404, ""},
		"doubled slashes at the end":            {"/sub//", 404, ""},
		"dots that stay inside":                 {"/sub/../a.txt", 404, ""},
		"a dot":                                 {"/./a.txt", 404, ""},
		"a dot alone":                           {"/.", 404, ""},
		"a dot and a slash":                     {"/./", 404, ""},
		"an escaped slash":                      {"/sub%2Fb.css", 404, ""},
		"an escaped slash at the end":           {"/sub%2f", 404, ""},
		"another host":                          {"//evil.example/sub", 404, ""},
		"another host and back":                 {"//evil.example/..", 404, ""},
		"dots that climb":                       {"/../a.txt", 400, ""},
		"escaped dots that climb":               {"/..%2f..%2fetc/passwd", 400, ""},
		"backslashes that climb":                {"/..%5c..%5cetc", 400, ""},
		"a backslash":                           {"/sub%5cb.css", 404, ""},
		"a NUL":                                 {"/a.txt%00", 404, ""},
		"a NUL before an extension":             {"/a.txt%00.css", 404, ""},
		"parameters":                            {"/a.txt;x=y", 404, ""},
		"what is no UTF-8":                      {"/%ff%fe", 404, ""},
		"a name that is too long":               {"/" + long, 404, ""},
		"a path that is too long":               {strings.Repeat("/"+long[:200], 40), 404, ""},
		"a control character":                   {"/%0d%0aX:y", 404, ""},
		"a device of Windows":                   {"/NUL", 404, ""},
		"a stream of NTFS":                      {"/a.txt::$DATA", 404, ""},
		"a hidden file":                         {"/.env", 404, ""},
		"a hidden file with an escape":          {"/%2eenv", 404, ""},
		"a file of a hidden directory":          {"/.git/config", 404, ""},
		"a hidden directory":                    {"/.git", 404, ""},
		"a hidden file below":                   {"/sub/.htpasswd", 404, ""},
		"a well-known file":                     {"/.well-known/security.txt", 200, "well known"},
		"a hidden well-known file":              {"/.well-known/.secret", 404, ""},
		"a well-known file that is elsewhere":   {"/sub/.well-known/x", 404, ""},
		"a hidden file that begins like it":     {"/.well-knownx", 404, ""},
		"well-known and something after a file": {"/.well-known/security.txt/x", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := askDir(t, app, "GET", "/m"+c.path)
			got := ""
			switch w.Code {
			case 200:
				got = w.Body.String()
			case 308:
				got = w.Header().Get("Location")
			}
			if w.Code != c.status || got != c.want {
				t.Errorf("%s is %d %q, want %d %q", c.path, w.Code, got, c.status, c.want)
			}
			head := askDir(t, app, "HEAD", "/m"+c.path)
			if head.Code != w.Code || fmt.Sprint(head.Header()) != fmt.Sprint(w.Header()) {
				t.Errorf("%s: HEAD is %d %v, GET %d %v", c.path, head.Code, head.Header(), w.Code, w.Header())
			}
		})
	}
}

func TestDirHasTypes(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, siteFiles))}
	for path, want := range map[string]string{
		"/a.txt": "text/plain; charset=utf-8", "/sub/b.css": "text/css; charset=utf-8", "/no%20extension": "text/html; charset=utf-8",
	} {
		if got := askDir(t, d, "GET", path).Header().Get("Content-Type"); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestDirShowsHidden(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, siteFiles)), Hidden: true}
	for _, path := range []string{"/.env", "/.git/config", "/sub/.htpasswd"} {
		if w := askDir(t, d, "GET", path); w.Body.String() != "secret" {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
	for _, path := range []string{"/.", "/./", "/sub/..", "/sub/.", "/./a.txt"} {
		if w := askDir(t, d, "GET", path); w.Code != 404 {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
}

// TestDirRedirectsRight follows the redirects of a Dir as a browser does, wherever it is
// mounted and by whatever means.
func TestDirRedirectsRight(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, siteFiles))}
	shifted := func(prefix string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if below, ok := rewrite.Shift(r, prefix); ok {
				d.ServeHTTP(w, below)
			}
		})
	}
	for name, c := range map[string]struct {
		app          http.Handler
		target, want string
	}{
		"at the root":                     {d, "/sub?q", "/sub/?q"},
		"below a mount":                   {mount.At("/m", d), "/m/sub?q", "/m/sub/?q"},
		"below two":                       {mount.At("/m", mount.At("/n", d)), "/m/n/sub/index.html", "/m/n/sub/"},
		"the index of a mount":            {mount.At("/m", d), "/m/index.html", "/m/"},
		"a colon":                         {mount.At("/m", d), "/m/a:b", "/m/a:b/"},
		"a mount with escapes":            {mount.At("/é x", d), "/%c3%a9%20x/sub", "/%c3%a9%20x/sub/"},
		"below StripPrefix":               {http.StripPrefix("/m", d), "/m/sub", "/m/sub/"},
		"below StripPrefix with a slash":  {http.StripPrefix("/m/", d), "/m/sub", "/m/sub/"},
		"a shift and no slash":            {shifted("/m"), "/m?q", "/m/?q"},
		"a shift that looks like a host":  {shifted("//evil.example"), "//evil.example/sub", "//evil.example/sub/"},
		"a shift to what looks like dots": {shifted("/m/..a"), "/m/..a", "/m/..a/"},
	} {
		t.Run(name, func(t *testing.T) {
			w := askDir(t, c.app, "GET", c.target)
			base := &url.URL{Scheme: "http", Host: "h"}
			if asked, err := url.ParseRequestURI(c.target); err == nil {
				base.Path, base.RawPath = asked.Path, asked.RawPath
			}
			to, err := base.Parse(w.Header().Get("Location"))
			if err != nil || w.Code != 308 || to.Host != "h" || to.RequestURI() != c.want && "//h"+c.want != to.RequestURI() {
				t.Fatalf("%d %q leads to %v (%v), want %s", w.Code, w.Header().Get("Location"), to, err, c.want)
			}
			if w := askDir(t, c.app, "GET", c.want); w.Code != 200 {
				t.Errorf("%s is %d", c.want, w.Code)
			}
		})
	}
}

func TestDirRefusesMethods(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, siteFiles)), Fallback: "index.html"}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", ""} {
		for _, path := range []string{"/a.txt", "/none", "*"} {
			if w := askDir(t, d, method, path); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s is %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

func TestDirFallsBack(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, siteFiles)), Fallback: "index.html"}
	page := "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
	for name, c := range map[string]struct {
		path, accept string
		status       int
		want         string
		vary         string
	}{
		"a page":                     {"/users/7", page, 200, "root", "Accept"},
		"a page with a dot":          {"/users/jane.doe/", page, 200, "root", "Accept"},
		"a directory without index":  {"/bare/", page, 200, "root", "Accept"},
		"a script":                   {"/users/7", "Accept: */*", 404, "", "Accept"},
		"an image":                   {"/users/7", "Accept: image/avif,image/*,*/*;q=0.8", 404, "", "Accept"},
		"a client that says nothing": {"/users/7", "", 404, "", "Accept"},
		"a file":                     {"/a.txt", page, 200, "a", ""},
		"a hidden file":              {"/.env", page, 404, "", ""},
		"a path that names nothing":  {"/x//y", page, 404, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := askDir(t, d, "GET", c.path, c.accept)
			if w.Code != c.status || w.Code == 200 && w.Body.String() != c.want || w.Header().Get("Vary") != c.vary {
				t.Errorf("%d %q, Vary %q", w.Code, w.Body, w.Header().Get("Vary"))
			}
		})
	}
	for _, fallback := range []string{"none.html", "sub", "../x", "a.txt/x"} {
		d := &mount.Dir{FS: os.DirFS(folder(t, siteFiles)), Fallback: fallback}
		if w := askDir(t, d, "GET", "/x", page); w.Code != 404 {
			t.Errorf("the fallback %q is %d", fallback, w.Code)
		}
	}
}

func ExampleDir() {
	// The media of a site, from the program itself or from a folder of the system.
	files := fstest.MapFS{"style.css": {Data: []byte("body { margin: 0 }")}, "img/logo.svg": {Data: []byte("<svg/>")}}
	app := mount.At("/static", &mount.Dir{FS: files})
	for _, path := range []string{"/static/style.css", "/static/img/logo.svg", "/static/img/", "/static/.env"} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(w.Code, path, w.Header().Get("Content-Type"))
	}
	// Output:
	// 200 /static/style.css text/css; charset=utf-8
	// 200 /static/img/logo.svg image/svg+xml
	// 404 /static/img/ text/plain; charset=utf-8
	// 404 /static/.env text/plain; charset=utf-8
}

// What "//go:embed static" embeds is a file system with the folder in it. Mounted as it is
// below the folder's name, all its paths have that name twice.
func ExampleDir_wrong() {
	embedded := fstest.MapFS{"static/style.css": {Data: []byte("body { margin: 0 }")}}
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err)
	}
	for _, files := range []fs.FS{embedded, static} {
		w := httptest.NewRecorder()
		mount.At("/static", &mount.Dir{FS: files}).ServeHTTP(w, httptest.NewRequest("GET", "/static/style.css", nil))
		body, _ := io.ReadAll(w.Body)
		fmt.Printf("%d %s\n", w.Code, strings.TrimSpace(string(body)))
	}
	// Output:
	// 404 404 page not found
	// 200 body { margin: 0 }
}
