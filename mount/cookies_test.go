package mount_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

func TestMapFieldsSetCookie(t *testing.T) {
	bare := mount.MapFieldsOptions{}
	named := mount.MapFieldsOptions{CookiePrefix: "w-", KeepCookies: []string{"XSRF-TOKEN"}, HostCookies: []string{"host", "w-host", "__Host-user"}}
	trusted := mount.MapFieldsOptions{WholeOrigin: true}
	for name, c := range map[string]struct {
		o          mount.MapFieldsOptions
		line, want string // an empty want: dropped
	}{
		"a path":                         {bare, "a=b; Path=/x", "a=b; Path=/app/x"},
		"the root":                       {bare, "a=b; Path=/", "a=b; Path=/app/"},
		"no path":                        {bare, "a=b; Secure", "a=b; Secure"},
		"a path that has the prefix":     {bare, "a=b; Path=/app/x", "a=b; Path=/app/x"},
		"a path that is the prefix":      {bare, "a=b; Path=/app", "a=b; Path=/app"},
		"a path in another spelling":     {bare, "a=b; Path=/%61pp/x", "a=b; Path=/%61pp/x"},
		"a path that begins like it":     {bare, "a=b; Path=/apple", "a=b; Path=/app/apple"},
		"a path with dots":               {bare, "a=b; Path=/../x", "a=b; Path=/app/../x"},
		"an empty path":                  {bare, "a=b; Path=; Path", "a=b; Path=; Path"},
		"a path that is relative":        {bare, "a=b; Path=x", "a=b; Path=x"},
		"a path in quotes":               {bare, `a=b; Path="/x"`, `a=b; Path="/app/x"`},
		"a path in quotes with it":       {bare, `a=b; Path="/app"`, `a=b; Path="/app"`},
		"two paths":                      {bare, "a=b; Path=/app/; Path=/", "a=b; Path=/app/; Path=/app/"},
		"a path with a sign":             {bare, "a=b; Path=/x=y", "a=b; Path=/app/x=y"},
		"odd spacing and unknown parts":  {bare, " a = b ;SECURE;\tpAtH = /x ; Foo=/bar;;httponly", " a = b ;SECURE;\tpAtH = /app/x ; Foo=/bar;;httponly"},
		"a value like an attribute":      {bare, "Path=/x; Path=/", "Path=/x; Path=/app/"},
		"a quoted value":                 {bare, `a="b; Path=/x"`, `a="b; Path=/app/x"`},
		"a domain":                       {bare, "a=b; Domain=example.com; Path=/", "a=b; Path=/app/"},
		"a domain at the end":            {bare, "a=b; domain = .example.com", "a=b"},
		"a domain on another line":       {bare, "a=b;\r\nDomain=x;\nPath\n=\n/", "a=b;\nPath\n=\n/app/"},
		"two domains":                    {bare, "a=b;Domain=x;Domain;Max-Age=1", "a=b;Max-Age=1"},
		"a domain that is trusted":       {trusted, "a=b; Domain=example.com; Path=/", "a=b; Domain=example.com; Path=/app/"},
		"a cookie of the host":           {bare, "__Host-a=b; Path=/; Secure", "__Host-a=b; Path=/; Secure"},
		"a cookie of the host in small":  {bare, "__host-a=b; Path=/; Secure", "__host-a=b; Path=/; Secure"},
		"a secure cookie":                {bare, "__Secure-a=b; Path=/; Secure", "__Secure-a=b; Path=/app/; Secure"},
		"no name":                        {bare, "b; Path=/", "b; Path=/app/"},
		"nothing":                        {bare, "", ""},
		"a new name":                     {named, "a=b; Path=/", "w-a=b; Path=/app/"},
		"a new name after spaces":        {named, "\t a =b", "\t w-a =b"},
		"a new name that looks new":      {named, "w-a=b", "w-w-a=b"},
		"a new name of the host":         {named, "__Host-a=b; Path=/; Secure", "__Host-w-a=b; Path=/; Secure"},
		"a new name of the host, http":   {named, "__Host-Http-a=b; Path=/; Secure", "__Host-Http-w-a=b; Path=/; Secure"},
		"a new name of a secure cookie":  {named, "__SECURE-a=b; Path=/; Secure", "__SECURE-w-a=b; Path=/app/; Secure"},
		"a name that is kept":            {named, "XSRF-TOKEN=b; Path=/", "XSRF-TOKEN=b; Path=/app/"},
		"the host's name, renamed":       {named, "host=b", ""},
		"the host's name with a prefix":  {named, "a=b; Domain=x", "w-a=b"},
		"a bare value for the host":      {named, "=host=b", ""},
		"a bare value":                   {named, "host", ""},
		"a name of the host, not kept":   {mount.MapFieldsOptions{HostCookies: []string{"host"}}, "host=b; Path=/", ""},
		"a name of the host, next line":  {mount.MapFieldsOptions{HostCookies: []string{"host"}}, "\nhost\r=b; Path=/", ""},
		"a name of the host with spaces": {mount.MapFieldsOptions{HostCookies: []string{"host"}}, " host\t=b; Path=/", ""},
		"another name than the host's":   {mount.MapFieldsOptions{HostCookies: []string{"host"}}, "hosts=b", "hosts=b"},
		"a name that breaks a promise":   {mount.MapFieldsOptions{CookiePrefix: "__"}, "Host-a=b; Path=/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(mount.At("/app", mount.MapFields(c.o)(says("Set-Cookie: "+c.line))), "/app/")
			if got := strings.Join(w.Header()["Set-Cookie"], "\n"); got != c.want {
				t.Errorf("%q becomes %q, want %q", c.line, got, c.want)
			}
		})
	}
}

func TestMapFieldsCookie(t *testing.T) {
	prefix := mount.MapFieldsOptions{CookiePrefix: "w-", KeepCookies: []string{"XSRF-TOKEN", "both"}, HostCookies: []string{"host", "both"}}
	host := mount.MapFieldsOptions{HostCookies: []string{"host"}}
	for name, c := range map[string]struct {
		o           mount.MapFieldsOptions
		lines, want []string
	}{
		"no options":                      {mount.MapFieldsOptions{}, []string{"a=b; host=c;;"}, []string{"a=b; host=c;;"}},
		"names with the prefix":           {prefix, []string{"w-a=b; w-c=d"}, []string{"a=b; c=d"}},
		"names without":                   {prefix, []string{"a=b; w-c=d; e=f"}, []string{"c=d"}},
		"names without, all":              {prefix, []string{"a=b; c"}, nil},
		"several lines":                   {prefix, []string{"a=b", "w-a=b", "w-c=d; e=f"}, []string{"a=b", "c=d"}},
		"a name that is kept":             {prefix, []string{"a=b; XSRF-TOKEN=c"}, []string{"XSRF-TOKEN=c"}},
		"a name of the host that is kept": {prefix, []string{"both=b; w-a=b"}, []string{"a=b"}},
		"a quoted value":                  {prefix, []string{`w-a="b; host=c; w-d=e"`}, []string{`a="b; d=e"`}},
		"values as they are":              {prefix, []string{"w-a= b=c\t;w-d=\xff\"; w-=x=y;w-e"}, []string{"a= b=c\t;d=\xff\";e"}},
		"promised names":                  {prefix, []string{"__Host-w-a=b; __secure-w-c=d; __Host-Http-w-e=f"}, []string{"__Host-a=b; __secure-c=d; __Host-Http-e=f"}},
		"a promise that nobody made":      {prefix, []string{"w-__Host-a=b; w-__secure-c=d; __Host-w-Http-e=f; w-a=b"}, []string{"a=b"}},
		"the host's":                      {host, []string{"a=b; host=c; d=e"}, []string{"a=b; d=e"}},
		"the host's, first":               {host, []string{"host=c;d=e"}, []string{"d=e"}},
		"the host's, last":                {host, []string{"d=e; host=c"}, []string{"d=e"}},
		"the host's, alone":               {host, []string{"host=c"}, nil},
		"the host's, twice":               {host, []string{"host=c; host=d; a=b; host=e"}, []string{"a=b"}},
		"the host's, with odd spacing":    {host, []string{"a=b;\thost =c;d=e"}, []string{"a=b;d=e"}},
		"the host's, without a value":     {host, []string{"host; a=b"}, []string{"a=b"}},
		"the host's, in quotes":           {host, []string{`a="b; host=c; d"`}, []string{`a="b; d"`}},
		"none of the host's":              {host, []string{"hosts=a; ; b"}, []string{"hosts=a; ; b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			app := mount.At("/app", mount.MapFields(c.o)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r.Header["Cookie"]
			})))
			r := httptest.NewRequest("GET", "/app/", nil)
			r.Header["Cookie"] = slices.Clone(c.lines)
			app.ServeHTTP(httptest.NewRecorder(), r)
			if !slices.Equal(got, c.want) {
				t.Errorf("%q arrives as %q, want %q", c.lines, got, c.want)
			}
			if !slices.Equal(r.Header["Cookie"], c.lines) {
				t.Errorf("the outside sees %q", r.Header["Cookie"])
			}
		})
	}
}

// TestMapFieldsManyCookies would take hours if each cookie cost what all of them are long.
func TestMapFieldsManyCookies(t *testing.T) {
	app := mount.MapFields(mount.MapFieldsOptions{CookiePrefix: "a", HostCookies: []string{"b"}})(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header()["Set-Cookie"] = r.Header["Cookie"] }))
	for _, item := range []string{"a=;", ";", "a", "=", "b;", " "} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", strings.Repeat(item, 1<<20/len(item)))
		app.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// FuzzMapFieldsCookies lets a hostile application set a cookie, keeps it as a browser does
// and brings it back: nobody's cookie is touched but its own.
func FuzzMapFieldsCookies(f *testing.F) {
	for _, line := range []string{"a=b; Path=/; Domain=x", "__Host-a=b", "=host=x", "host", " host =x", "w-__Host-a=b", "a=b;Path=\"/\"", ";;=", "__Secure-__Host-=;"} {
		f.Add(line, "host=1; "+line)
	}
	f.Fuzz(func(t *testing.T, set, sent string) {
		o := mount.MapFieldsOptions{CookiePrefix: "w-", HostCookies: []string{"host"}}
		var got []string
		app := mount.At("/app", mount.MapFields(o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header["Cookie"]
			w.Header()["Set-Cookie"] = []string{set}
		})))
		r := httptest.NewRequest("GET", "/app/x", nil)
		r.Header["Cookie"] = []string{sent}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		for _, line := range w.Header()["Set-Cookie"] {
			checkSetCookie(t, set, line)
		}
		var want, items []string
		for item := range strings.SplitSeq(sent, ";") {
			item = strings.Trim(item, blank)
			if renamed := renamedCookie.FindStringSubmatch(item); renamed != nil {
				inside := renamed[1] + renamed[2]
				name, _, _ := strings.Cut(renamed[2], "=")
				if promise.FindString(inside) == renamed[1] && strings.Trim(name, blank) != "" && strings.TrimRight(name, blank) == strings.TrimSpace(name) {
					want = append(want, inside)
				}
			}
		}
		for item := range strings.SplitSeq(strings.Join(got, ";"), ";") {
			if item = strings.Trim(item, blank); item != "" {
				items = append(items, item)
			}
		}
		if strings.Join(items, ";") != strings.Join(want, ";") {
			t.Fatalf("%q arrives as %q, want %q", sent, items, want)
		}
	})
}

const blank = " \t\r\n"

var (
	promise       = regexp.MustCompile(`^((?i:__Host-Http-|__Host-|__Secure-|__Http-)?)`)
	renamedCookie = regexp.MustCompile(`^(?s)((?i:__Host-Http-|__Host-|__Secure-|__Http-)?)w-(.*)$`)
)

// checkSetCookie reads line, which set became, as a browser does.
func checkSetCookie(t *testing.T, set, line string) {
	t.Helper()
	parts := strings.Split(line, ";")
	name, _, ok := strings.Cut(parts[0], "=")
	name = strings.Trim(name, " \t")
	if !ok || !strings.Contains(name, "w-") || name == "host" {
		t.Fatalf("%q becomes %q, which sets %q", set, line, name)
	}
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		value = strings.Trim(value, " \t")
		switch strings.ToLower(strings.Trim(key, " \t")) {
		case "domain":
			t.Fatalf("%q becomes %q, which is for %q", set, line, value)
		case "path":
			if strings.HasPrefix(value, "/") && !strings.HasPrefix(unescape(value)+"/", "/app/") && !strings.HasPrefix(strings.ToLower(name), "__host-") {
				t.Fatalf("%q becomes %q, which is for %q", set, line, value)
			}
		}
	}
}
