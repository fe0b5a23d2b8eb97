package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestExampleGitweb(t *testing.T) {
	gitweb(t)
	component(t, "gitweb", gitwebStatic)
	dir, root := examples(t), repository(t)
	file := filepath.Join(dir, "gitweb/site.toml")
	globals(t, file, "projects", root)
	p := serveExample(t, file)

	c := newCrawler(t, to(t, strings.TrimPrefix(p.base, "http://")), gitwebHost+"/code/")
	c.except = deadInGitweb
	blob := gitwebPages(t, root, 1)[2]
	kinds := fmt.Sprint(c.follow(gitwebHost+"/code/", gitwebHost+"/code"+blob))
	contains(t, "what the links lead to", kinds, "text/css", "image/png", "application/rss+xml", "application/atom+xml")

	for _, path := range []string{"/code/weir.git/summary", "/code/static/gitweb.css"} {
		if a := ask(t, client(t), "GET", p.base+path, nil, "Accept-Encoding: gzip"); a.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed: %d %v", path, a.status, a.header)
		}
	}
	if a := ask(t, client(t), "HEAD", p.base+"/code/weir.git/summary", nil); a.status != 200 || a.body != "" {
		t.Errorf("HEAD is %d with %d bytes", a.status, len(a.body))
	}
	for _, path := range []string{"/code/?p=none.git", "/code/static/none.css", "/codes/", "/"} {
		if a := ask(t, client(t), "GET", p.base+path, nil); a.status != 404 {
			t.Errorf("%s is %d", path, a.status)
		}
	}
	limited(t, 3000, func() answer { return ask(t, http.DefaultClient, "GET", p.base+"/code/static/none.css", nil) })
	p.ends("method=GET path=/code/weir.git/summary status=200", "method=HEAD status=200", "path=/code/static/none.css status=429")
}

// notes starts the service of examples/proxy at an address.
func notes(t *testing.T, dir, address string) {
	t.Helper()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "notes"), ".")
	build.Dir = "../../examples/proxy"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	beside(t, exec.Command(filepath.Join(dir, "notes"), address), "notes: at")
}

func TestExampleProxy(t *testing.T) {
	dir, run := examples(t), t.TempDir()
	file, socket := filepath.Join(dir, "proxy/site.toml"), filepath.Join(run, "socket")
	globals(t, file, "socket", socket)
	p := serveExample(t, file)
	if a := ask(t, client(t), "GET", p.base+"/notes/", nil); a.status != http.StatusBadGateway {
		t.Errorf("without the service it is %d", a.status)
	}
	notes(t, run, socket)

	me := newPerson(t, p, "http://weir.test/notes/")
	page, at := me.get("http://weir.test/notes")
	contains(t, "the first page", page, `<form method="post" action="notes">`, `value=""`)
	page, at = me.post(at, "notes", url.Values{"by": {"Ann"}, "note": {"<hello>"}})
	contains(t, "the page after a note", page, "<p>Ann: &lt;hello&gt;", `value="Ann"`)
	if at.Path != "/notes/" {
		t.Errorf("after a note one is at %s", at)
	}
	cookies := me.client.Jar.Cookies(at)
	if len(cookies) != 1 || cookies[0].Name != "notes-by" || len(me.client.Jar.Cookies(resolve(t, at, "/"))) > 0 {
		t.Errorf("the cookies are %v", cookies)
	}
	long := url.Values{"note": {strings.Repeat("so long ", 1000)}}
	page, _ = me.post(at, "notes", long)
	a := ask(t, client(t), "GET", p.base+"/notes/", nil, "Accept-Encoding: gzip", "X-Request-Id: forged")
	if a.header.Get("Content-Encoding") != "gzip" || len(a.body) >= len(page) {
		t.Errorf("the page is not compressed: %d %v", a.status, a.header)
	}
	if id := a.header.Get("X-Request-Id"); id == "" || id == "forged" {
		t.Errorf("the id of a request is %q", id)
	}
	if a := ask(t, client(t), "HEAD", p.base+"/notes/", nil); a.status != 200 || a.body != "" {
		t.Errorf("HEAD is %d with %d bytes", a.status, len(a.body))
	}
	if a := ask(t, client(t), "GET", p.base+"/notes/none", nil); a.status != 404 {
		t.Errorf("a page that is not there is %d", a.status)
	}
	if a := ask(t, client(t), "POST", p.base+"/notes/notes", bytes.NewReader(make([]byte, 17<<10))); a.status != 413 {
		t.Errorf("a long body is answered %d", a.status)
	}
	limited(t, 20, func() answer { return ask(t, client(t), "POST", p.base+"/notes/notes", nil) })
	if a := ask(t, client(t), "GET", p.base+"/notes/", nil); a.status != 200 {
		t.Errorf("who posts too much reads %d", a.status)
	}
	healthy := &http.Client{Transport: to(t, strings.TrimPrefix(p.base, "http://"))}
	for range 10 {
		if a := ask(t, healthy, "GET", "http://health.localhost/", nil); a.status != 200 || a.body != "ok\n" || a.header.Get("X-Request-Id") != "" {
			t.Errorf("the health is %d %q %v", a.status, a.body, a.header)
		}
	}
	if a := ask(t, healthy, "GET", "http://health.localhost/notes/", nil); a.status == 200 && strings.Contains(a.body, "<form") {
		t.Error("the notes are at the host of the health, too")
	}
	p.ends("method=GET path=/notes/ status=502", "method=POST path=/notes/notes status=303 host=weir.test header:X-Request-Id=",
		"path=/notes/notes status=413", "path=/notes/notes status=429")
	if strings.Contains(p.stderr.String(), "health.localhost") {
		t.Errorf("the log has requests for the health:\n%s", &p.stderr)
	}
}

// djangoModules is where Debian puts Django.
const djangoModules = "/usr/lib/python3/dist-packages/django"

// office makes the data of examples/wsgi, and returns where they are.
func office(t *testing.T, dir string) string {
	t.Helper()
	component(t, "python3-django", djangoModules)
	data := filepath.Join(t.TempDir(), "office")
	setup := exec.Command("/usr/bin/python3", "office.py", "createsuperuser", "--noinput", "--username=alice", "--email=alice@example.org")
	setup.Dir = filepath.Join(dir, "wsgi")
	setup.Env = append(os.Environ(), "OFFICE_DATA="+data, "DJANGO_SUPERUSER_PASSWORD=wonderland", "PYTHONDONTWRITEBYTECODE=1")
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	globals(t, filepath.Join(dir, "wsgi/site.toml"), "data", data)
	return data
}

// csrfToken is what Django puts into its forms, against forged ones.
var csrfToken = regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]*)"`)

// fill returns a form of a page with some fields filled in.
func fill(t *testing.T, page string, fields ...string) url.Values {
	t.Helper()
	token := csrfToken.FindStringSubmatch(page)
	if token == nil {
		t.Fatalf("there is no token on %.2000s", page)
	}
	form := url.Values{"csrfmiddlewaretoken": {token[1]}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

func TestExampleWSGI(t *testing.T) {
	dir := examples(t)
	office(t, dir)
	p := serveExample(t, filepath.Join(dir, "wsgi/site.toml"))
	me := newPerson(t, p, "http://www.example.org/office/")

	page, at := me.get("http://www.example.org/office")
	if at.Path != "/office/admin/login/" || at.Query().Get("next") != "/office/admin/" {
		t.Fatalf("the way in is %s", at)
	}
	again, _ := me.post(at, "", fill(t, page, "username", "alice", "password", "wrong"))
	contains(t, "the page after a wrong password", again, "Please enter the correct username")
	page, at = me.post(at, "", fill(t, page, "username", "alice", "password", "wonderland", "next", "/office/admin/"))
	contains(t, "the page after the login", page, "Site administration")
	c := newCrawler(t, nil, me.below)
	c.client, c.except = me.client, regexp.MustCompile("/logout/$")
	contains(t, "what the links lead to", fmt.Sprint(c.follow(at.String())), "text/css", "javascript", "text/html")

	page, at = me.get("http://www.example.org/office/admin/auth/group/add/")
	page, _ = me.post(at, "", fill(t, page, "name", "Hatters", "_save", "Save"))
	contains(t, "the page after a group was added", page, "was added successfully", "Hatters")
	page, _ = me.get("http://www.example.org/office/admin/logout/")
	contains(t, "the page after the logout", page, "Logged out")
	if _, at = me.get("http://www.example.org/office/admin/auth/group/"); at.Path != "/office/admin/login/" {
		t.Errorf("who has signed out sees %s", at)
	}

	const sheet = "/office/static/admin/css/base.css"
	a := ask(t, client(t), "GET", p.base+sheet, nil, "Accept-Encoding: gzip")
	if a.status != 200 || a.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the style sheet is %d %v", a.status, a.header)
	}
	if a := ask(t, client(t), "GET", p.base+sheet, nil, "Accept-Encoding: gzip", "If-None-Match: "+a.header.Get("Etag")); a.status != 304 {
		t.Errorf("the same style sheet again is %d", a.status)
	}
	if a := ask(t, client(t), "HEAD", p.base+"/office/admin/login/", nil); a.status != 200 || a.body != "" {
		t.Errorf("HEAD is %d with %d bytes", a.status, len(a.body))
	}
	for _, path := range []string{"/office/none", "/office/static/none", "/offices"} {
		if a := ask(t, client(t), "GET", p.base+path, nil); a.status != 404 {
			t.Errorf("%s is %d", path, a.status)
		}
	}
	if a := ask(t, client(t), "POST", p.base+"/office/admin/", bytes.NewReader(make([]byte, 1<<20+1))); a.status != 413 {
		t.Errorf("a long body is answered %d", a.status)
	}
	limited(t, 12, func() answer { return ask(t, client(t), "POST", p.base+"/office/admin/login/", nil) })
	if n := len(descendants(p.cmd.Process.Pid)); n != 2 && runtime.GOOS == "linux" {
		t.Errorf("%d processes run, want 2", n)
	}
	p.ends("path=/office/admin/login/ status=302", "path=/office/admin/login/ status=429 id=", "path="+sheet+" status=304")
}

// phpFPM starts php-fpm with a configuration of its own and returns its socket.
func phpFPM(t *testing.T) string {
	t.Helper()
	component(t, "adminer", "/usr/share/adminer/adminer.php")
	component(t, "php-sqlite3", "/etc/php/8.2/mods-available/sqlite3.ini")
	component(t, "php-fpm", "/usr/sbin/php-fpm8.2")
	dir := t.TempDir()
	socket, config := filepath.Join(dir, "socket"), filepath.Join(dir, "php-fpm.conf")
	text := fmt.Sprintf("[global]\nerror_log = /proc/self/fd/2\n[www]\nlisten = %s\npm = static\npm.max_children = 2\n"+
		"php_admin_value[session.save_path] = %s\nphp_admin_value[sys_temp_dir] = %s\n", socket, dir, dir)
	if os.Geteuid() == 0 {
		text += "user = root\n"
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	beside(t, exec.Command("/usr/sbin/php-fpm8.2", "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", config), "ready to handle connections")
	return socket
}

// ducks makes a database of SQLite.
func ducks(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ducks.sqlite")
	make := exec.Command("/usr/bin/python3", "-c", `import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.executescript("CREATE TABLE ducks (name TEXT); INSERT INTO ducks VALUES ('Donald'), ('Daisy')")`, name)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}

func TestExamplePHP(t *testing.T) {
	socket := phpFPM(t)
	dir, data := examples(t), ducks(t)
	file := filepath.Join(dir, "php/site.toml")
	globals(t, file, "php", socket)
	p := serveExample(t, file, "ADMINER_PASSWORD=quack")
	me := newPerson(t, p, "http://weir.test/db/")

	page, at := me.get("http://weir.test/db")
	contains(t, "the first page", page, "<form action=''", "auth[password]")
	c := newCrawler(t, nil, me.below)
	c.client = me.client
	c.follow(at.String())
	login := url.Values{"auth[driver]": {"sqlite"}, "auth[server]": {""}, "auth[username]": {""}, "auth[db]": {data}}
	login.Set("auth[password]", "honk")
	if res, err := me.client.PostForm(at.String(), login); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("after a wrong password it is %v %v", res, err)
	} else {
		res.Body.Close()
	}
	login.Set("auth[password]", "quack")
	page, at = me.post(at, "", login)
	contains(t, "the page after the login", page, "ducks")
	query := at.Query()
	query.Set("select", "ducks")
	page, at = me.get("http://weir.test/db/?" + query.Encode())
	contains(t, "the table", page, "Donald", "Daisy")

	a := ask(t, me.client, "GET", at.String(), nil, "Accept-Encoding: gzip")
	if a.status != 200 || a.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the table is %d %v", a.status, a.header)
	}
	if a := ask(t, client(t), "HEAD", p.base+"/db/", nil); a.body != "" || a.status >= 500 {
		t.Errorf("HEAD is %d with %d bytes", a.status, len(a.body))
	}
	for _, path := range []string{"/db/none", "/db/site.toml", "/dbs/"} {
		if a := ask(t, client(t), "GET", p.base+path, nil); a.status != 404 {
			t.Errorf("%s is %d", path, a.status)
		}
	}
	if a := ask(t, client(t), "POST", p.base+"/db/", bytes.NewReader(make([]byte, 8<<20+1))); a.status != 413 {
		t.Errorf("a long body is answered %d", a.status)
	}
	limited(t, 60, func() answer { return ask(t, client(t), "POST", p.base+"/db/", nil) })
	p.ends("method=GET path=/db/ status=200", "method=POST path=/db/ status=302", "path=/db/ status=429")
}

// pasteDeploy skips a test without PasteDeploy and Paste.
func pasteDeploy(t *testing.T) {
	t.Helper()
	component(t, "python3-pastedeploy", "/usr/lib/python3/dist-packages/paste/deploy")
	component(t, "python3-paste", "/usr/lib/python3/dist-packages/paste/request.py")
}

// signGuestbooks goes through the two guestbooks of examples/paste, at a URL.
func signGuestbooks(t *testing.T, p *program, site string) {
	t.Helper()
	for _, book := range []struct{ at, title string }{{"", "Guests of the house"}, {"staff/", "Staff of the house"}} {
		me := newPerson(t, p, site)
		page, at := me.get(site + book.at)
		contains(t, "the guestbook", page, "<h1>"+book.title+"</h1>", `value=""`)
		action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(page)[1]
		page, at = me.post(at, action, url.Values{"name": {"Ann"}, "words": {"hello from " + book.at}})
		contains(t, "the guestbook, signed", page, "<p>Ann: hello from "+book.at, `value="Ann"`)
		if at.String() != site+book.at {
			t.Errorf("who has signed is at %s", at)
		}
		c := newCrawler(t, nil, me.below)
		c.client, c.except = me.client, regexp.MustCompile("/sign$")
		contains(t, "what the links lead to", fmt.Sprint(c.follow(at.String())), "text/css")
	}
	me := newPerson(t, p, site)
	a := ask(t, me.client, "GET", site+"none", nil)
	if a.status != 404 || a.header.Get("X-Signed-By") != "weir" {
		t.Errorf("a page that is not there is %d %v", a.status, a.header)
	}
	if a := ask(t, me.client, "HEAD", site, nil); a.status != 200 || a.body != "" {
		t.Errorf("HEAD is %d with %d bytes", a.status, len(a.body))
	}
}

func TestExamplePasteAsItIs(t *testing.T) {
	pasteDeploy(t)
	p := serveExample(t, filepath.Join(examples(t), "paste/site.ini"))
	signGuestbooks(t, p, "http://weir.test/")
	p.ends()
}

func TestExamplePaste(t *testing.T) {
	pasteDeploy(t)
	p := serveExample(t, filepath.Join(examples(t), "paste/site.toml"))
	signGuestbooks(t, p, "http://weir.test/guests/")
	a := ask(t, client(t), "GET", p.base+"/guests/", nil, "Accept-Encoding: gzip")
	if a.header.Get("X-Request-Id") == "" || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
		t.Errorf("the guestbook is %d %v", a.status, a.header)
	}
	if a := ask(t, client(t), "POST", p.base+"/guests/sign", bytes.NewReader(make([]byte, 64<<10+1))); a.status != 413 {
		t.Errorf("a long body is answered %d", a.status)
	}
	if a := ask(t, client(t), "GET", p.base+"/", nil); a.status != 404 {
		t.Errorf("beside the mount it is %d", a.status)
	}
	limited(t, 1000, func() answer { return ask(t, http.DefaultClient, "GET", p.base+"/guests/static/none", nil) })
	p.ends("method=POST path=/guests/staff/sign status=303 id=", "path=/guests/static/none status=429")
}
