package main

import (
	"bytes"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleAll asks each application of the one site for something that only it has.
func TestExampleAll(t *testing.T) {
	gitweb(t)
	pasteDeploy(t)
	dir, run := examples(t), t.TempDir()
	office(t, dir)
	globals(t, filepath.Join(dir, "gitweb/site.toml"), "projects", repository(t))
	globals(t, filepath.Join(dir, "php/site.toml"), "php", phpFPM(t))
	globals(t, filepath.Join(dir, "proxy/site.toml"), "socket", filepath.Join(run, "socket"))
	notes(t, run, filepath.Join(run, "socket"))
	p := serveExample(t, filepath.Join(dir, "all/site.toml"), "ADMINER_PASSWORD=quack")

	const site = "http://www.example.org/"
	me := newPerson(t, p, site)
	for _, want := range []struct{ link, text string }{
		{"", "<title>Everything</title>"},
		{"code", "weir.git"},
		{"code/weir.git", "summary"},
		{"code/static/gitweb.css", "font-family"},
		{"office", "Django administration"},
		{"office/static/admin/css/base.css", "body"},
		{"db", "auth[password]"},
		{"staff", "Staff of the house"},
		{"static/guests.css", "serif"},
	} {
		page, _ := me.get(site + want.link)
		contains(t, want.link, page, want.text)
	}
	c := newCrawler(t, nil, site)
	c.client = me.client
	if kinds := c.follow(site); len(kinds) != 4 {
		t.Errorf("the first page leads to %v", kinds)
	}

	page, at := me.post(&url.URL{Scheme: "http", Host: "www.example.org", Path: "/staff/"}, "sign", url.Values{"name": {"Ann"}, "words": {"hello"}})
	contains(t, "the guestbook", page, "<p>Ann: hello")
	if at.Path != "/staff/" {
		t.Errorf("who has signed is at %s", at)
	}
	host := newPerson(t, p, "http://notes.localhost/")
	_, at = host.get("http://notes.localhost/")
	page, _ = host.post(at, "notes", url.Values{"by": {"Ann"}, "note": {"hello"}})
	contains(t, "the notes", page, "<p>Ann: hello")
	long := func(host, path string) int {
		return ask(t, me.client, "POST", "http://"+host+path, bytes.NewReader(make([]byte, 64<<10+1))).status
	}
	if a, b := long("notes.localhost", "/notes"), long("www.example.org", "/db/"); a != 413 || b == 413 {
		t.Errorf("a long body is answered %d, by Adminer %d", a, b)
	}
	if a := ask(t, me.client, "GET", site+"none", nil); a.status != 404 || !strings.Contains(a.body, "there is no such page") {
		t.Errorf("what is nowhere is %d %q", a.status, a.body)
	}
	limited(t, 3000, func() answer { return ask(t, http.DefaultClient, "GET", p.base+"/code/static/none", nil) })
	p.ends("path=/code/weir.git status=200 id=", "path=/staff/sign status=303", "path=/notes status=413", "path=/code/static/none status=429")
}
