package rewrite_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

// ask returns a request for target as a server parses it, nil when it would not.
func ask(target string) *http.Request {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	return &http.Request{Method: "GET", URL: u, RequestURI: target, Header: http.Header{}}
}

func TestShift(t *testing.T) {
	for name, c := range map[string]struct {
		target, prefix string
		script, info   string // escaped
		ok             bool
	}{
		"takes a segment":                         {"/app/x", "/app", "/app", "/x", true},
		"takes several":                           {"/a/b/x", "/a/b", "/a/b", "/x", true},
		"takes the whole path":                    {"/app", "/app", "/app", "", true},
		"leaves a slash alone":                    {"/app/", "/app", "/app", "/", true},
		"ignores a slash at the end of prefix":    {"/app/x", "/app/", "/app", "/x", true},
		"takes nothing for the root":              {"/app/x", "/", "", "/app/x", true},
		"takes nothing for an empty prefix":       {"/app/x", "", "", "/app/x", true},
		"leaves a longer segment":                 {"/apple", "/app", "", "/apple", false},
		"leaves a shorter path":                   {"/a", "/app", "", "/a", false},
		"leaves another case":                     {"/APP/x", "/app", "", "/APP/x", false},
		"takes an escaped letter as written":      {"/%61pp/x", "/app", "/%61pp", "/x", true},
		"leaves an escaped slash after it":        {"/app%2Fx", "/app", "", "/app%2Fx", false},
		"leaves an escaped slash within it":       {"/a%2fb/x", "/a/b", "", "/a%2fb/x", false},
		"leaves an escaped slash before it":       {"/%2Fapp", "/app", "", "/%2Fapp", false},
		"keeps doubled slashes":                   {"/app//x//", "/app", "/app", "//x//", true},
		"does not merge slashes to match":         {"//app/x", "/app", "", "//app/x", false},
		"keeps escaped slashes of the rest":       {"/app/a%2fb%2F", "/app", "/app", "/a%2fb%2F", true},
		"keeps parameters":                        {"/app/a;b=c", "/app", "/app", "/a;b=c", true},
		"keeps what net/url would escape":         {"/app/(a)*!", "/app", "/app", "/(a)*!", true},
		"keeps dot segments":                      {"/app/%2e%2e/x", "/app", "/app", "/%2e%2e/x", true},
		"keeps an escaped percent sign":           {"/app/%2541", "/app", "/app", "/%2541", true},
		"takes text beyond ASCII, escaped":        {"/caf%C3%A8/x", "/cafè", "/caf%C3%A8", "/x", true},
		"takes text beyond ASCII, lower case hex": {"/caf%c3%a8/x", "/cafè", "/caf%c3%a8", "/x", true},
		"takes a space":                           {"/my%20app/a%20b", "/my app", "/my%20app", "/a%20b", true},
		"takes a prefix without a slash never":    {"/app", "app", "", "/app", false},
		"takes the path of an absolute URL":       {"http://h/app/x", "/app", "/app", "/x", true},
		"leaves the asterisk":                     {"*", "/app", "", "*", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(c.target)
			before := *r.URL
			got, ok := rewrite.Shift(r, c.prefix)
			if ok != c.ok {
				t.Fatalf("Shift(%q, %q) is %v", c.target, c.prefix, ok)
			}
			if s := rewrite.EscapedScriptName(got); s != c.script {
				t.Errorf("escaped script name is %q, want %q", s, c.script)
			}
			if p := got.URL.EscapedPath(); p != c.info {
				t.Errorf("escaped path info is %q, want %q", p, c.info)
			}
			if *r.URL != before || rewrite.ScriptName(r) != "" {
				t.Error("the original was edited")
			}
			if got.RequestURI != c.target {
				t.Errorf("RequestURI is %q", got.RequestURI)
			}
		})
	}
}

// TestShiftMindsTheVoidRawPath shifts a path whose RawPath a careless filter left behind.
func TestShiftMindsTheVoidRawPath(t *testing.T) {
	r := ask("/x/a%2Fb")
	r.URL.Path = "/app/c d"
	got, ok := rewrite.Shift(r, "/app")
	if !ok || got.URL.Path != "/c d" || got.URL.RawPath != "" || rewrite.EscapedScriptName(got) != "/app" {
		t.Errorf("%v: %q %q below %q", ok, got.URL.Path, got.URL.RawPath, rewrite.EscapedScriptName(got))
	}
}

// TestShiftAfterAnEdit shifts, edits the path as a filter may, and shifts again.
func TestShiftAfterAnEdit(t *testing.T) {
	r, _ := rewrite.Shift(ask("/%61/old/x"), "/a")
	var got *http.Request
	edit := func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/n w/y", "" }
	rewrite.Request(edit)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = rewrite.Shift(r, "/n w")
	})).ServeHTTP(httptest.NewRecorder(), r)
	if s := rewrite.EscapedScriptName(got); s != "/%61/n%20w" {
		t.Errorf("escaped script name is %q", s)
	}
	if s := rewrite.ScriptName(got); s != "/a/n w" {
		t.Errorf("script name is %q", s)
	}
}

func TestShiftHidesTheHost(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/app/{rest...}", func(_ http.ResponseWriter, r *http.Request) {
		r.SetPathValue("own", "host")
		got, ok := rewrite.Shift(r, "/app")
		if !ok || got.Pattern != "" || got.PathValue("rest") != "" || got.PathValue("own") != "" {
			t.Errorf("the application sees %q, %q and %q", got.Pattern, got.PathValue("rest"), got.PathValue("own"))
		}
		got.SetPathValue("own", "guest")
		if r.PathValue("own") != "host" || r.PathValue("rest") != "x" {
			t.Error("the application changed its host's path values")
		}
	})
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/app/x", nil))
}

// TestShiftCopiesEveryField fails when net/http adds a field that Shift should copy.
func TestShiftCopiesEveryField(t *testing.T) {
	r := new(http.Request)
	v := reflect.ValueOf(r).Elem()
	for f, field := range v.Fields() {
		if f.IsExported() {
			fill(field)
		}
	}
	r.URL = &url.URL{Scheme: "s", User: url.User("u"), Host: "h", Path: "/app/x", RawQuery: "q", Fragment: "f"}
	type key struct{}
	r = r.WithContext(context.WithValue(t.Context(), key{}, "kept"))
	got, ok := rewrite.Shift(r, "/app")
	if !ok {
		t.Fatal("Shift took nothing")
	}
	for f, field := range reflect.ValueOf(got).Elem().Fields() {
		own := f.Name == "URL" || f.Name == "Pattern" || f.Name == "Cancel"
		if !f.IsExported() || own || field.Kind() == reflect.Func {
			continue
		}
		if field.IsZero() || !reflect.DeepEqual(field.Interface(), reflect.ValueOf(r).Elem().FieldByIndex(f.Index).Interface()) {
			t.Errorf("%s was not copied", f.Name)
		}
	}
	if got.GetBody == nil {
		t.Error("GetBody was not copied")
	}
	if u := *got.URL; u.String() != "s://u@h/x?q#f" {
		t.Errorf("URL is %s", u.String())
	}
	if got.Context().Value(key{}) != "kept" {
		t.Error("the context lost a value")
	}
}

// fill sets v to something that is not its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("filled")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), nil))
	case reflect.Interface:
		v.Set(reflect.ValueOf(http.NoBody))
	}
}

// TestShiftCancels checks that the context still knows when the client has gone.
func TestShiftCancels(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := rewrite.Shift(ask("/a/b").WithContext(ctx), "/a")
	child, stop := context.WithCancel(r.Context())
	defer stop()
	cancel()
	<-child.Done()
	if child.Err() != context.Canceled {
		t.Error(child.Err())
	}
}

// lawful checks what Shift promises, against an oracle that splits the escaped path.
func lawful(t *testing.T, r *http.Request, prefix string) {
	if r == nil || strings.HasSuffix(prefix, "/") || prefix != "" && prefix[0] != '/' {
		return
	}
	target := r.URL.String()
	escaped, path := r.URL.EscapedPath(), r.URL.Path
	got, ok := rewrite.Shift(r, prefix)
	if want := begins(escaped, prefix); ok != want {
		t.Fatalf("Shift(%q, %q) is %v, want %v", target, prefix, ok, want)
	}
	if s := rewrite.ScriptName(got) + got.URL.Path; s != path {
		t.Fatalf("Shift(%q, %q) makes %q of the path", target, prefix, s)
	}
	if s := rewrite.EscapedScriptName(got) + got.URL.EscapedPath(); s != escaped {
		t.Fatalf("Shift(%q, %q) makes %q of the escaped path", target, prefix, s)
	}
	if p, err := url.PathUnescape(got.URL.EscapedPath()); err != nil || p != got.URL.Path {
		t.Fatalf("Shift(%q, %q): path %q and raw path %q disagree", target, prefix, got.URL.Path, got.URL.RawPath)
	}
	if ok && prefix != "" && got.URL.RawPath != "" {
		if u := (&url.URL{Path: got.URL.Path}); u.EscapedPath() == got.URL.EscapedPath() {
			t.Fatalf("Shift(%q, %q) sets RawPath %q for nothing", target, prefix, got.URL.RawPath)
		}
	}
	if ok {
		associative(t, r, prefix, got)
	}
}

// begins is the oracle: segment by segment on the escaped path.
func begins(escaped, prefix string) bool {
	have, want := strings.Split(escaped, "/"), strings.Split(prefix, "/")
	if prefix == "" {
		return true
	}
	if len(have) < len(want) {
		return false
	}
	for i := range want {
		if s, err := url.PathUnescape(have[i]); err != nil || s != want[i] {
			return false
		}
	}
	return true
}

// associative checks that a shift by prefix is the shifts by its parts.
func associative(t *testing.T, r *http.Request, prefix string, want *http.Request) {
	for i := 1; i < len(prefix); i++ {
		if prefix[i] != '/' || prefix[i-1] == '/' {
			continue
		}
		got, ok := rewrite.Shift(r, prefix[:i])
		if ok {
			got, ok = rewrite.Shift(got, prefix[i:])
		}
		if !ok || *got.URL != *want.URL || rewrite.ScriptName(got) != rewrite.ScriptName(want) ||
			rewrite.EscapedScriptName(got) != rewrite.EscapedScriptName(want) {
			t.Fatalf("Shift(%q, %q, %q): %q below %q, want %q below %q", r.URL, prefix[:i], prefix[i:],
				got.URL, rewrite.EscapedScriptName(got), want.URL, rewrite.EscapedScriptName(want))
		}
	}
}

func TestShiftLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := strings.Fields("/ / / / a app b %61 %62 %2F %2f .. . %2e %5C ; ;x=1 * ( [ %28 é %C3%A9 %c3%a9 %20 %25 %00 + ~ | A")
	prefixes := strings.Fields("/a /b /app /a/b /a/a/b /a//b /app/a /é /a/é // /..")
	for range 200_000 {
		var target strings.Builder
		target.WriteByte('/')
		for range random.IntN(7) {
			target.WriteString(pieces[random.IntN(len(pieces))])
		}
		lawful(t, ask(target.String()), prefixes[random.IntN(len(prefixes))])
	}
}

func FuzzShift(f *testing.F) {
	for _, target := range []string{"/app/x", "/%61pp//%2F;", "/app%2fx", "/a%C3%A9/é", "*", "//a/b", "http://h/a", "/a/%zz", "/app/K", "/ſ/x"} {
		f.Add(target, "/app")
		f.Add(target, "/a/b")
	}
	f.Fuzz(func(t *testing.T, target, prefix string) { lawful(t, ask(target), prefix) })
}

// FuzzShiftRawPath tries every raw path, also one that does not encode the path.
func FuzzShiftRawPath(f *testing.F) {
	for _, raw := range []string{"", "/%61pp/x", "/app/%2", "/app/(x)", "/app/%7e", "/app/x y", "/app/x"} {
		f.Add("/app/x", raw, "/app")
		f.Add("/app/(x)", raw, "/app")
		f.Add("/app/~", raw, "/app")
	}
	f.Fuzz(func(t *testing.T, path, raw, prefix string) {
		if path == "" || path[0] != '/' {
			return
		}
		lawful(t, &http.Request{URL: &url.URL{Path: path, RawPath: raw}}, prefix)
	})
}
