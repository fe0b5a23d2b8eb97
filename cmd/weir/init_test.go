package main

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weirhttp/weir/deploy"
)

// TestStartingFileAndItsExamples holds that the file to start from is right, with its examples and without, and has
// every key of [server].
func TestStartingFileAndItsExamples(t *testing.T) {
	t.Setenv("WIKI_SECRET", "x")
	examples := regexp.MustCompile(`(?m)^#([^ \n])`).ReplaceAllString(startingFile, "$1")
	without := func(section string) string { // a site has one of tls and acme
		return regexp.MustCompile(`(?m)^\[`+section+`\]\n(.+\n)*`).ReplaceAllString(examples, "")
	}
	for name, text := range map[string]string{
		"as it is": startingFile, "with tls": without("server.acme"), "with acme": without("server.tls"),
	} {
		if _, err := deploy.Parse("site.toml", []byte(text), parts()); err != nil {
			t.Errorf("%s:\n%v", name, err)
		}
	}
	for _, key := range keysOf(reflect.TypeFor[deploy.Server]()) {
		if !strings.Contains(examples, "\n"+key+" = ") && !strings.Contains(examples, "\n[server."+key+"]\n") {
			t.Errorf("the key %s of [server] is missing", key)
		}
	}
}

// keysOf returns the keys for the fields of a struct and of those in it.
func keysOf(s reflect.Type) []string {
	var keys []string
	for f := range s.Fields() {
		keys = append(keys, strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(f.Name, "$1-$2")))
		if f.Type.PkgPath() == s.PkgPath() {
			keys = append(keys, keysOf(f.Type)...)
		}
	}
	return keys
}

// TestFileTakesPlainTexts has what no file of TOML can hold refused, not changed.
func TestFileTakesPlainTexts(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"init", "--user", "\xff"}, &out, &errs); code != 2 || out.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, &out, &errs)
	}
}

// FuzzQuote holds that deploy reads of a quoted text what it was.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a\"b", "${x}", "$$${x", "$", "{", "\x7f\x00\t\r\n\\u0041", "<&>", "\u2028é", "'''", `"""`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // refused before
		}
		got := ""
		set := deploy.Set{"said": deploy.App(func(text string) http.Handler {
			got = text
			return http.NotFoundHandler()
		}, "text")}
		site, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'said'\ntext = "+quote(text)), set)
		if err != nil {
			t.Fatalf("%s: %v", quote(text), err)
		}
		if _, _, err := site.Build(); err != nil || got != text {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	})
}

// FuzzSections holds that a file can be made for any names of programs and folders: no two sections are one.
func FuzzSections(f *testing.F) {
	f.Add("gitweb", "gitweb", "a/b")
	f.Add("main", "index", "main-2")
	f.Add("é", "", "-")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var s demoSite
		for _, name := range []string{a, b, c} {
			s.add(demoMount{Name: name})
		}
		names := []string{"main", "index"}
		for _, m := range s.Mounts {
			if slices.Contains(names, m.Name) || !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(m.Name) {
				t.Errorf("%q, %q and %q are in sections %v", a, b, c, s.Mounts)
			}
			names = append(names, m.Name)
		}
	})
}

// TestDemonstrationFromItsFile serves the file that init writes: it is the demonstration, down to the event stream that
// ends with the program.
func TestDemonstrationFromItsFile(t *testing.T) {
	name := t.TempDir() + "/site.toml"
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"init", "--user", "ada", "--at", "/deep/down", name}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d, %q", code, &errs)
	}
	p := startCommand(t, nil, "serve", "--listen", "127.0.0.1:0", name)
	page := ask(t, client(t), "GET", p.base+"/deep/down/environment", nil, "X-Remote-User: forged").body
	for _, want := range []string{"<code>/deep/down</code>", "<code>ada</code>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the guest does not say %s", want)
		}
	}
	if index := ask(t, client(t), "GET", p.base+"/", nil); !strings.Contains(index.body, `href="/deep/down/"`) {
		t.Errorf("the index has no link to it:\n%s", index.body)
	}
	stream := openEvents(t, p, "/deep/down")
	p.terminate()
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the event stream did not end well: %v", err)
	}
	p.wait()
}
