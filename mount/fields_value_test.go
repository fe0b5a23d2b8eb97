package mount_test

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// references find the first reference of a field's value, as a browser does.
var references = map[string]func(value string) (ref string, ok bool){
	"Refresh": func(value string) (string, bool) {
		parts := refreshed.FindStringSubmatch(value)
		if parts == nil {
			return "", false
		}
		return parts[1] + parts[2] + parts[3], true
	},
	"Link": func(value string) (string, bool) {
		parts := links.FindStringSubmatch(value)
		if parts == nil {
			return "", false
		}
		return parts[1], true
	},
	"Hx-Location": func(value string) (string, bool) {
		if !strings.HasPrefix(value, "{") {
			return value, true
		}
		var members map[string]json.RawMessage
		var ref *string
		if json.Unmarshal([]byte(value), &members) != nil || json.Unmarshal(members["path"], &ref) != nil || ref == nil {
			return "", false
		}
		return *ref, true
	},
	"Service-Worker-Allowed":  func(value string) (string, bool) { return value, true },
	"Reporting-Endpoints":     func(string) (string, bool) { return "", false },
	"Content-Security-Policy": func(string) (string, bool) { return "", false },
}

var (
	refreshed = regexp.MustCompile(`^[\t\n\f\r ]*[0-9.]+[\t\n\f\r ]*[\t\n\f\r ;,][\t\n\f\r ]*(?:(?i:url)[\t\n\f\r ]*=[\t\n\f\r ]*)?(?s:"([^"]*)|'([^']*)|(.*))`)
	links     = regexp.MustCompile(`^[ \t,]*<([^>]*)>`)
)

// FuzzMapFieldsValue maps the values of fields that are more than a reference. The first
// reference leads below the prefix, and what was mapped is not mapped again.
func FuzzMapFieldsValue(f *testing.F) {
	for name, values := range map[string][]string{
		"Refresh":                 {"5; url=/x", "0,URL = '/x'", `1 "//evil"`, `5; \\evil`},
		"Link":                    {`</x>; title="a, </y>", </z>`, `, </\evil>`, "<"},
		"Hx-Location":             {`{"path":"/x","a":{"path":"/y"}}`, "/x", `{"path":"\u002f\\evil\u00e9"}`, "{"},
		"Service-Worker-Allowed":  {"/", "../..", "/app", "http://public.example", "//evil", "/app?q"},
		"Reporting-Endpoints":     {`a="/x", b="/y`, `a="\\evil"`},
		"Content-Security-Policy": {"report-uri /x //evil;a, report-uri /y", "x report-uri /x"},
	} {
		for _, value := range values {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		find, ok := references[name]
		if !ok {
			return
		}
		filter := mount.MapFields(mount.MapFieldsOptions{})
		answer := func(value string) (string, bool) {
			r := httptest.NewRequest("GET", "http://public.example/a;b/c/d", nil)
			w := httptest.NewRecorder()
			mount.At("/a;b", filter(says(name+": "+value))).ServeHTTP(w, r)
			values := w.Header()[name]
			return strings.Join(values, "\n"), len(values) > 0
		}
		got, ok := answer(value)
		if !ok {
			return // dropped
		}
		if again, _ := answer(got); again != got {
			t.Fatalf("%s: %q becomes %q, and then %q", name, value, got, again)
		}
		from, ok := find(value)
		to, stays := find(got)
		if ok != stays {
			t.Fatalf("%s: %q becomes %q", name, value, got)
		}
		if ok {
			checkLanding(t, "/a;b", "/a;b/c/d", "http", from, to)
		}
		if _, _, path := browse("http", "public.example", "/a;b/c/d", to); name == "Service-Worker-Allowed" && !strings.HasPrefix(path, "/a;b/") {
			if w := ask(mount.At("/a;b", place), path); w == nil || w.Code == 308 || w.Code == 404 {
				t.Fatalf("%s: %q becomes %q, the scope %q", name, value, got, path)
			}
		}
	})
}
