package mount_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// djangoModules is where Debian puts Django.
const djangoModules = "/usr/lib/python3/dist-packages/django"

var (
	csrfToken  = regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]*)"`)
	hypertext  = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	styleSheet = regexp.MustCompile(`\.(css|js|svg)$`)
)

// visitor is a person with a browser, on a site below a prefix.
type visitor struct {
	t      *testing.T
	client *http.Client
	below  string // a path
}

// read returns the page that an answer is, after redirects, and where it is.
func (v *visitor) read(res *http.Response, err error) (page string, at *url.URL) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || !strings.HasPrefix(res.Request.URL.Path, v.below) {
		v.t.Fatalf("%s: %d %v %.2000s", res.Request.URL, res.StatusCode, err, body)
	}
	return string(body), res.Request.URL
}

// post sends a form of a page, with the token that the page has against forged ones.
func (v *visitor) post(page string, to *url.URL, form url.Values) (string, *url.URL) {
	v.t.Helper()
	token := csrfToken.FindStringSubmatch(page)
	if token == nil {
		v.t.Fatalf("no token on %s: %.2000s", to, page)
	}
	form.Set("csrfmiddlewaretoken", token[1])
	return v.read(v.client.PostForm(to.String(), form))
}

// TestWSGIServesDjangosAdmin signs in to Django's admin below a prefix, changes something and signs out.
func TestWSGIServesDjangosAdmin(t *testing.T) {
	component(t, djangoModules)
	database := filepath.Join(t.TempDir(), "site.sqlite")
	setup := exec.Command(python, "site.py")
	setup.Dir, setup.Env = "testdata/django", append(os.Environ(), "SITE_DATABASE="+database, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	app, log := wsgi(t, func(a *mount.WSGI) {
		a.App, a.Dir, a.Env, a.Processes = "./site.py", "testdata/django", append(a.Env, "SITE_DATABASE="+database), 2
	})
	site := http.NewServeMux()
	site.Handle("/office/", mount.At("/office", app))
	site.Handle("/office/static/", mount.At("/office/static", &mount.Dir{FS: os.DirFS(djangoModules + "/contrib/admin/static")}))
	server := httptest.NewServer(site)
	defer server.Close()
	jar, _ := cookiejar.New(nil)
	v := &visitor{t, &http.Client{Jar: jar}, "/office/"}

	page, at := v.read(v.client.Get(server.URL + "/office/admin"))
	if at.Path != "/office/admin/login/" || at.Query().Get("next") != "/office/admin/" {
		t.Fatalf("the way in is %s", at)
	}
	if again, _ := v.post(page, at, url.Values{"username": {"alice"}, "password": {"wrong"}}); !strings.Contains(again, "Please enter the correct username") {
		t.Errorf("a wrong password: %.1000s", again)
	}
	page, at = v.post(page, at, url.Values{"username": {"alice"}, "password": {"wonderland"}, "next": {"/office/admin/"}})
	if at.Path != "/office/admin/" || !strings.Contains(page, "Site administration") {
		t.Fatalf("after the login: %s %.1000s", at, page)
	}
	links, styles := 0, 0
	for _, link := range hypertext.FindAllStringSubmatch(page, -1) {
		u, err := at.Parse(html.UnescapeString(link[1]))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(u.Path, "/logout/") {
			continue
		}
		links++
		if styleSheet.MatchString(u.Path) {
			styles++
		}
		v.read(v.client.Get(u.String()))
	}
	if links < 8 || styles < 2 {
		t.Errorf("the page has %d links, %d of them to static files", links, styles)
	}

	page, at = v.read(v.client.Get(server.URL + "/office/admin/auth/group/add/"))
	page, at = v.post(page, at, url.Values{"name": {"Hatters"}, "_save": {"Save"}})
	if at.Path != "/office/admin/auth/group/" || !strings.Contains(page, "was added successfully") || !strings.Contains(page, "Hatters") {
		t.Errorf("after a group was added: %s %.3000s", at, page)
	}
	if page, at = v.read(v.client.Get(server.URL + "/office/admin/logout/")); !strings.Contains(page, "Logged out") {
		t.Errorf("after the logout: %s %.1000s", at, page)
	}
	if _, at = v.read(v.client.Get(server.URL + "/office/admin/auth/group/")); at.Path != "/office/admin/login/" {
		t.Errorf("who has signed out sees %s", at)
	}
	if log.has("ERROR") {
		t.Error(log)
	}
}
