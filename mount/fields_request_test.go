package mount_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/mount"
)

func TestMapFieldsRequests(t *testing.T) {
	for name, c := range map[string]struct {
		prefix, method, field, want string // an empty want: 502
	}{
		"a Destination":                         {"/app", "MOVE", "Destination: http://public.example/app/x%2Fy", "Destination: http://public.example/x%2Fy"},
		"a Destination by https":                {"/app", "COPY", "Destination: https://public.example:443/app/x", "Destination: https://public.example:443/x"},
		"a Destination at the root":             {"/app", "MOVE", "Destination: http://public.example/app", "Destination: http://public.example/"},
		"a Destination that is a path":          {"/app", "MOVE", "Destination: /app/x", "Destination: /x"},
		"a Destination in another spelling":     {"/app", "MOVE", "Destination: /%61pp/x", "Destination: /x"},
		"a Destination with dots":               {"/app", "MOVE", "Destination: /app/a/../x", "Destination: /x"},
		"a Destination with doubled slashes":    {"/app", "MOVE", "Destination: http://public.example/app//x", "Destination: http://public.example//x"},
		"a Destination that would be a host":    {"/app", "MOVE", "Destination: /app//evil.example/x", "Destination: /.//evil.example/x"},
		"a Destination outside":                 {"/app", "MOVE", "Destination: http://public.example/other/x", ""},
		"a Destination that begins like it":     {"/app", "MOVE", "Destination: /apple/x", ""},
		"a Destination at the host's root":      {"/app", "MOVE", "Destination: http://public.example", ""},
		"a Destination on another host":         {"/app", "MOVE", "Destination: http://else.example/app/x", ""},
		"a Destination on an inner host":        {"/app", "MOVE", "Destination: http://localhost:3000/app/x", ""},
		"a Destination of another scheme":       {"/app", "MOVE", "Destination: ftp://public.example/app/x", ""},
		"a Destination that climbs":             {"/app", "MOVE", "Destination: /app/../x", ""},
		"a Destination that climbs when read":   {"/app", "MOVE", "Destination: /app/..%2fx", ""},
		"a Destination that climbs by a slash":  {"/app", "MOVE", `Destination: /app/..\x`, ""},
		"a Destination that climbs by a param":  {"/app", "MOVE", "Destination: /app/..;/x", ""},
		"a Destination that is no URL":          {"/app", "MOVE", "Destination: http://public.example/app/%zz", ""},
		"a Destination that is relative":        {"/app", "MOVE", "Destination: x", ""},
		"a Destination that is empty":           {"/app", "MOVE", "Destination: ", ""},
		"a Destination oddly":                   {"/app", "MOVE", `Destination: http:\\public.example/app/x`, ""},
		"a Destination without COPY or MOVE":    {"/app", "PUT", "Destination: /other", "Destination: /other"},
		"a Destination at the root of the host": {"/", "MOVE", "Destination: http://else.example/x", "Destination: http://else.example/x"},
		"a Referer":                             {"/app", "GET", "Referer: http://public.example/app/x?q=/app/", "Referer: http://public.example/x?q=/app/"},
		"a Referer by https":                    {"/app", "GET", "Referer: https://public.example/app/", "Referer: https://public.example/"},
		"a Referer outside":                     {"/app", "GET", "Referer: http://public.example/other/", "Referer: http://public.example/other/"},
		"a Referer on another host":             {"/app", "GET", "Referer: http://else.example/app/", "Referer: http://else.example/app/"},
		"a Referer that is none":                {"/app", "GET", "Referer: about:blank", "Referer: about:blank"},
		"a Referer at the root of the host":     {"/", "GET", "Referer: http://public.example/app/", "Referer: http://public.example/app/"},
		"a current URL":                         {"/app", "GET", "Hx-Current-Url: http://public.example/app/x", "Hx-Current-Url: http://public.example/x"},
		"an Origin":                             {"/app", "POST", "Origin: http://public.example", "Origin: http://public.example"},
		"an If without a tag":                   {"/app", "PUT", `If: (<urn:uuid:1> ["</app/x>"]) (Not <DAV:no-lock>)`, `If: (<urn:uuid:1> ["</app/x>"]) (Not <DAV:no-lock>)`},
		"an If with tags":                       {"/app", "PUT", `If: </app/x> (<http://public.example/app/t> ["a)<"]) <http://public.example/app/y>(<urn:1>)`, `If: </x> (<http://public.example/app/t> ["a)<"]) <http://public.example/y>(<urn:1>)`},
		"an If with a tag outside":              {"/app", "PUT", "If: </other> (<urn:1>) </app/x> (<urn:2>)", "If: </other> (<urn:1>) </x> (<urn:2>)"},
		"an If without an end":                  {"/app", "PUT", "If: </app/x> (<urn:1>) </app/y", "If: </x> (<urn:1>) </app/y"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			o := mount.MapFieldsOptions{Hosts: []string{"localhost:3000"}}
			app := mount.At(c.prefix, mount.MapFields(o)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = heard(r.Header) })))
			r := httptest.NewRequest(c.method, "http://public.example"+strings.TrimSuffix(c.prefix, "/")+"/a/b", nil)
			field, value, _ := strings.Cut(c.field, ": ")
			r.Header[field] = []string{value}
			w := httptest.NewRecorder()
			app.ServeHTTP(w, r)
			if refused := w.Code == 502; refused != (c.want == "") || !refused && !slices.Equal(got, []string{c.want}) {
				t.Errorf("%q arrives as %q with %d, want %q", c.field, got, w.Code, c.want)
			}
			if !slices.Equal(heard(r.Header), []string{c.field}) {
				t.Errorf("the outside sees %q", heard(r.Header))
			}
		})
	}
}

// A guest in a guest gets the fields without both prefixes, each cut once.
func TestMapFieldsRequestsBelowMapFields(t *testing.T) {
	for in, want := range map[string]string{
		"Destination: http://public.example/outer/inner/x": "Destination: http://public.example/x",
		"Destination: /outer/x":                            "",
		"Destination: /inner/x":                            "",
		"Referer: http://public.example/outer/inner/x":     "Referer: http://public.example/x",
		"Referer: http://public.example/outer/x":           "Referer: http://public.example/x", // the outer guest's
		"Referer: http://public.example/inner/x":           "Referer: http://public.example/inner/x",
		"If: </outer/inner/x> (<urn:1>)":                   "If: </x> (<urn:1>)",
	} {
		filter := mount.MapFields(mount.MapFieldsOptions{})
		var got []string
		app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = heard(r.Header) })
		r := httptest.NewRequest("MOVE", "http://public.example/outer/inner/a", nil)
		field, value, _ := strings.Cut(in, ": ")
		r.Header[field] = []string{value}
		w := httptest.NewRecorder()
		mount.At("/outer", filter(mount.At("/inner", filter(app)))).ServeHTTP(w, r)
		if refused := w.Code == 502; refused != (want == "") || !refused && !slices.Equal(got, []string{want}) {
			t.Errorf("%q arrives as %q with %d, want %q", in, got, w.Code, want)
		}
	}
}

func TestMapFieldsHandsOnWhatItDoesNotEdit(t *testing.T) {
	var got *http.Request
	app := mount.MapFields(mount.MapFieldsOptions{HostCookies: []string{"host"}})(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	var given *http.Request
	host := mount.At("/app", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given = r
		app.ServeHTTP(w, r)
	}))
	for field, edited := range map[string]bool{
		"Referer: http://public.example/other/": false, "Cookie: a=b": false, "Origin: http://public.example": false,
		"Referer: http://public.example/app/": true, "Cookie: a=b; host=c": true,
	} {
		r := httptest.NewRequest("GET", "http://public.example/app/x", nil)
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
		host.ServeHTTP(httptest.NewRecorder(), r)
		if (got != given) != edited {
			t.Errorf("%s: a copy %v, want %v", field, got != given, edited)
		}
		if got.URL != given.URL || got.Body != given.Body || got.RequestURI != given.RequestURI {
			t.Errorf("%s: more than fields changed", field)
		}
	}
}

// TestMapFieldsMovesByWebDAV moves a file of a store that takes itself to live at the root.
func TestMapFieldsMovesByWebDAV(t *testing.T) {
	var mu sync.Mutex
	files := map[string]string{}
	store := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch r.Method {
		case "PUT":
			body, _ := io.ReadAll(r.Body)
			files[r.URL.Path] = string(body)
		case "MOVE":
			to, err := url.Parse(r.Header.Get("Destination"))
			if err != nil || to.Host != r.Host {
				http.Error(w, "elsewhere", http.StatusBadGateway)
				return
			}
			files[to.Path] = files[r.URL.Path]
			delete(files, r.URL.Path)
			w.Header().Set("Location", to.EscapedPath())
			w.WriteHeader(http.StatusCreated)
		case "GET":
			io.WriteString(w, files[r.URL.Path])
		}
	})
	server := httptest.NewServer(mount.At("/dav", mount.MapFields(mount.MapFieldsOptions{})(store)))
	t.Cleanup(server.Close)
	do := func(method, path, destination string) string {
		r, _ := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(path))
		r.Header.Set("Destination", destination)
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, res.Header["Location"], string(body))
	}
	got := []string{
		do("PUT", "/dav/a", ""),
		do("MOVE", "/dav/a", server.URL+"/dav/dir%20b/c"),
		do("MOVE", "/dav/a", server.URL+"/elsewhere"),
		do("GET", "/dav/dir%20b/c", ""),
	}
	want := []string{"200 []", "201 [/dav/dir%20b/c]", "502 []502 the Destination is outside of this application\n", "200 []/dav/a"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzMapFieldsIf holds the lists of an If field to what they were: only tags are edited.
func FuzzMapFieldsIf(f *testing.F) {
	for _, value := range []string{`</app/x> (<urn:1> ["a"])`, `(["</app/x>"])`, `</app`, `"<`, `</app/\>(<`, "(<)>"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var got string
		app := mount.At("/app", mount.MapFields(mount.MapFieldsOptions{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("If")
		})))
		r := httptest.NewRequest("PUT", "http://public.example/app/a", nil)
		r.Header["If"] = []string{value}
		app.ServeHTTP(httptest.NewRecorder(), r)
		if tagged.ReplaceAllString(got, "<>") != tagged.ReplaceAllString(value, "<>") {
			t.Fatalf("%q arrives as %q", value, got)
		}
	})
}

var tagged = regexp.MustCompile(`<[^>]*>`)
