package mount_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// location returns the Location that a client gets which asked public.example for target,
// by https where secure says so, from an application below prefix that answers ref. It is
// not ok where the application was not asked.
func location(prefix, target string, secure bool, ref string) (mapped string, ok bool) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return "", false
	}
	r := httptest.NewRequest("GET", "http://public.example/", nil)
	if secure {
		r = httptest.NewRequest("GET", "https://public.example/", nil)
	}
	r.URL, r.RequestURI = u, target
	o := mount.MapFieldsOptions{Hosts: []string{"localhost:3000", "inner.example"}}
	app := mount.At(prefix, mount.MapFields(o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok = true
		w.Header()["Location"] = []string{ref}
	})))
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	return w.Header().Get("Location"), ok
}

func TestMapFieldsMapsReferences(t *testing.T) {
	for name, c := range map[string]struct{ prefix, target, ref, want string }{
		"a path":                            {"/app", "/app/", "/x", "/app/x"},
		"the root":                          {"/app", "/app/", "/", "/app/"},
		"a path with a query":               {"/app", "/app/", "/x?a=/../b#/c", "/app/x?a=/../b#/c"},
		"a query at the root":               {"/app", "/app/", "/?q", "/app/?q"},
		"a path with spaces around":         {"/app", "/app/", " \x00/x ", "/app/x"},
		"a path that keeps its escapes":     {"/app", "/app/", "/a%2Fb%20é;x=[1]", "/app/a%2Fb%20é;x=[1]"},
		"doubled slashes inside":            {"/app", "/app/", "/a//b", "/app/a//b"},
		"a prefix as the client wrote it":   {"/my app", "/%6dy%20app/", "/x", "/%6dy%20app/x"},
		"a prefix of two segments":          {"/a/b", "/a/b/", "/x", "/a/b/x"},
		"a path that only begins like it":   {"/app", "/app/", "/apple", "/app/apple"},
		"a path with an escaped slash":      {"/app", "/app/", "/app%2Fx", "/app/app%2Fx"},
		"what has the prefix":               {"/app", "/app/", "/app/x", "/app/x"},
		"the prefix alone":                  {"/app", "/app/", "/app", "/app"},
		"the prefix with a query":           {"/app", "/app/", "/app?q", "/app?q"},
		"the prefix in another spelling":    {"/app", "/%61pp/", "/app/x", "/app/x"},
		"the prefix in a third spelling":    {"/my app", "/my%20app/", "/m%79%20app/x", "/m%79%20app/x"},
		"the prefix unescaped":              {"/caffè", "/caff%c3%a8/", "/caffè/x", "/caffè/x"},
		"the prefix and dots inside":        {"/app", "/app/", "/app/a/../b", "/app/a/../b"},
		"the prefix and dots that leave":    {"/app", "/app/", "/app/../x", "/app/x"},
		"the prefix, dots and the prefix":   {"/app", "/app/", "/app/../app/x", "/app/../app/x"},
		"the prefix after dots":             {"/app", "/app/", "/a/../app/x", "/a/../app/x"},
		"dots":                              {"/app", "/app/", "/../x", "/app/x"},
		"dots that are escaped":             {"/app", "/app/", "/%2e%2E/.%2e/%2e./x", "/app/x"},
		"dots that climb late":              {"/app", "/app/", "/a/../../x/", "/app/x/"},
		"dots at the end":                   {"/app", "/app/", "/a/b/..", "/app/a/"},
		"single dots":                       {"/app", "/app/", "/./a/%2e/b/.", "/app/a/b/"},
		"dots after backslashes":            {"/app", "/app/", `/a\..\..\x`, "/app/x"},
		"dots that are part of a name":      {"/app", "/app/", "/...", "/app/..."},
		"dots and an empty segment":         {"/app", "/app/", "/.//x", "/app//x"},
		"the public host":                   {"/app", "/app/", "http://public.example/x?q", "http://public.example/app/x?q"},
		"the public host by https":          {"/app", "/app/", "https://public.example/x", "https://public.example/app/x"},
		"the public host in capitals":       {"/app", "/app/", "HTTP://Public.Example/x", "HTTP://Public.Example/app/x"},
		"the public host and its port":      {"/app", "/app/", "http://public.example:80/x", "http://public.example:80/app/x"},
		"the public host and another port":  {"/app", "/app/", "http://public.example:8080/x", "http://public.example:8080/x"},
		"the public host and an empty port": {"/app", "/app/", "http://public.example:/x", "http://public.example:/app/x"},
		"the public host and port of TLS":   {"/app", "/app/", "https://public.example:443/x", "https://public.example:443/app/x"},
		"the public host and a user":        {"/app", "/app/", "http://me@public.example/x", "http://me@public.example/app/x"},
		"the public host alone":             {"/app", "/app/", "http://public.example", "http://public.example/app/"},
		"the public host and a query":       {"/app", "/app/", "http://public.example?q=/", "http://public.example/app/?q=/"},
		"the public host and a fragment":    {"/app", "/app/", "http://public.example#f", "http://public.example/app/#f"},
		"the public host and dots":          {"/app", "/app/", "http://public.example/../x", "http://public.example/app/x"},
		"the public host and the prefix":    {"/app", "/app/", "http://public.example/app/x", "http://public.example/app/x"},
		"the public host without a scheme":  {"/app", "/app/", "//public.example/x", "//public.example/app/x"},
		"the public host oddly":             {"/app", "/app/", `\\public.example\x`, "//public.example/app/x"},
		"the public host and an odd path":   {"/app", "/app/", `//public.example\@evil.example`, "//public.example/app/@evil.example"},
		"an inner host":                     {"/app", "/app/", "http://localhost:3000/x?q#f", "http://public.example/app/x?q#f"},
		"an inner host with the prefix":     {"/app", "/app/", "http://localhost:3000/app/x", "http://public.example/app/x"},
		"an inner host without a scheme":    {"/app", "/app/", "//Localhost:3000/x", "//public.example/app/x"},
		"an inner host of another port":     {"/app", "/app/", "http://localhost:3001/x", "http://localhost:3001/x"},
		"an inner host by its own port":     {"/app", "/app/", "https://inner.example:443", "http://public.example/app/"},
		"another host":                      {"/app", "/app/", "https://else.example:8080/x/../y?q", "https://else.example:8080/x/../y?q"},
		"another host without a scheme":     {"/app", "/app/", "//else.example/x", "//else.example/x"},
		"another host of text":              {"/app", "/app/", "https://münchen.example/x", "https://münchen.example/x"},
		"another host with ours for user":   {"/app", "/app/", "http://public.example@evil.example/", "http://public.example@evil.example/"},
		"another host with ours and port":   {"/app", "/app/", "//public.example:80@evil.example/", "//public.example:80@evil.example/"},
		"a mail address":                    {"/app", "/app/", "mailto:a@public.example", "mailto:a@public.example"},
		"a script":                          {"/app", "/app/", "javascript:/x", "javascript:/x"},
		"data":                              {"/app", "/app/", "data:,/x", "data:,/x"},
		"a relative path":                   {"/app", "/app/a/b", "x/y", "x/y"},
		"a dot":                             {"/app", "/app/a/b", "./x", "./x"},
		"a query":                           {"/app", "/app/a/b", "?q=..", "?q=.."},
		"a fragment":                        {"/app", "/app/a/b", "#/..", "#/.."},
		"nothing":                           {"/app", "/app/a/b", "", ""},
		"dots that stay":                    {"/app", "/app/a/b", "../x", "../x"},
		"dots that stay at the root":        {"/app", "/app/a/b", "..", ".."},
		"relative dots that leave":          {"/app", "/app/a/b", "../../x?q", "/app/x?q"},
		"relative dots that leave escaped":  {"/app", "/app/a/b", `%2e%2E\..\x`, "/app/x"},
		"relative dots that come back":      {"/app", "/app/a/b", "../../app/x", "../../app/x"},
		"relative dots after a slash":       {"/app", "/app/a/", "../..//x", "/app//x"},
		"relative dots after dots":          {"/app", "/app/a/../b", "../x", "/app/x"},
		"relative dots in two segments":     {"/a/b", "/a/b/c", "../x", "/a/b/x"},
		"at the root, a path":               {"/", "/a", "/../x", "/../x"},
		"at the root, relative dots":        {"/", "/a", "../../x", "../../x"},
		"at the root, an inner host":        {"/", "/a", "http://localhost:3000", "http://public.example/"},
		"at the root, the public host":      {"/", "/a", "http://public.example", "http://public.example"},
		"at the root, another host":         {"/", "/a", "//else.example", "//else.example"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := location(c.prefix, c.target, false, c.ref)
			if !ok || got != c.want {
				t.Errorf("%q below %s is %q, want %q", c.ref, c.prefix, got, c.want)
			}
			if again, _ := location(c.prefix, c.target, false, got); again != got {
				t.Errorf("%q becomes %q when it is mapped again", got, again)
			}
		})
	}
}

// TestMapFieldsRedirectsNowhereElse has what hostile clients bring applications to answer.
func TestMapFieldsRedirectsNowhereElse(t *testing.T) {
	for _, c := range []struct{ target, ref, below, root string }{
		{"/", `/\evil.example`, "/app//evil.example", "/.//evil.example"},
		{"/", `\/evil.example`, "/app//evil.example", "/.//evil.example"},
		{"/", `\\evil.example`, "/app//evil.example", "/.//evil.example"},
		{"/", "///evil.example", "/app///evil.example", "/.///evil.example"},
		{"/", `//\evil.example`, "/app///evil.example", "/.///evil.example"},
		{"/", "/\t/evil.example", "/app//evil.example", "/.//evil.example"},
		{"/", "/\r\n/evil.example", "/app//evil.example", "/.//evil.example"},
		{"/", "\t//evil.example", "/app//evil.example", "/.//evil.example"},
		{"/", " //evil.example", "/app//evil.example", "/.//evil.example"},
		{"/", "//ev\til.example", "/app//evil.example", "/.//evil.example"},
		{"/", `//evil.example\@public.example`, "/app//evil.example/@public.example", "/.//evil.example/@public.example"},
		{"/", "//", "/app//", "/.//"},
		{"/", "/.//evil.example", "/app//evil.example", "/.//evil.example"},
		{"/", "/a/..//evil.example", "/app//evil.example", "/a/..//evil.example"},
		{"/", "/%5cevil.example", "/app/%5cevil.example", "/%5cevil.example"},
		{"/", "/%2fevil.example", "/app/%2fevil.example", "/%2fevil.example"},
		{"/", "https:evil.example", "./evil.example", "./evil.example"},
		{"/", "http:evil.example", "./evil.example", "./evil.example"},
		{"/", "https: //evil.example", "./ //evil.example", "./ //evil.example"},
		{"/", "https:https://evil.example", "./https://evil.example", "./https://evil.example"},
		{"/", "http:javascript:alert(1)", "./javascript:alert(1)", "./javascript:alert(1)"},
		{"/", "http:?q", "?q", "?q"},
		{"/", "https:/evil.example", "/app/evil.example", "/evil.example"},
		{"/", `https:\evil.example`, "/app/evil.example", "/evil.example"},
		{"/", `http:\\evil.example`, "/app//evil.example", "/.//evil.example"},
		{"/", `http:/\evil.example`, "/app//evil.example", "/.//evil.example"},
		{"/", "http:///evil.example", "/app///evil.example", "/.///evil.example"},
		{"/", "ht\ntp://evil.example", "/app//evil.example", "/.//evil.example"},
		{"/", "http://evil.example", "http://evil.example", "http://evil.example"}, // says so plainly
		{"/", "//evil.example", "//evil.example", "//evil.example"},
		{"//evil.example/x", "//evil.example/x/", "/app//evil.example/x/", "/.//evil.example/x/"},
		{"/%2fevil.example", "//evil.example", "/app//evil.example", "/.//evil.example"},
		{"/%252fevil.example", "//evil.example", "/app//evil.example", "/.//evil.example"},
		{"/%5cevil.example", "//evil.example", "/app//evil.example", "/.//evil.example"},
		{"/%09/evil.example", "//evil.example", "/app//evil.example", "/.//evil.example"},
		{"//evil.example/x", "//public.example/x", "//public.example/app/x", "//public.example/x"},
		{"//evil.example/x", "https://idp.example/login", "https://idp.example/login", "https://idp.example/login"},
		{"/a//evil.example", "//cdn.example/x", "//cdn.example/x", "//cdn.example/x"},
	} {
		for prefix, want := range map[string]string{"/app": c.below, "": c.root} {
			for _, secure := range []bool{false, true} {
				got, ok := location(prefix, prefix+c.target, secure, c.ref)
				if !ok || got != want {
					t.Errorf("%q in answer to %s is %q, want %q", c.ref, prefix+c.target, got, want)
				}
			}
		}
	}
}

// TestMapFieldsLaws reads what comes out for random references as FuzzMapFieldsReference does.
func TestMapFieldsLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	pieces := strings.Fields(`/ / / / \ \ .. .. . %2e %2E%2e http: https: HTTP: ftp: evil.example evil.example public.example
		PUBLIC.EXAMPLE localhost:3000 @ :80 :443 : ? # app app %61pp a b ; %2f %5c %00 é [ ~ *`)
	pieces = append(pieces, "\t", "\n", " ", "\x00", "//", "//", "http://", "https://", "/app", "/app/")
	line := func(most int) string {
		var b strings.Builder
		for range random.IntN(most) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	for range 5_000 {
		checkReference(t, line(8), "/"+line(5), random.IntN(2) == 0)
	}
}

// plainly is what a reference to another host has to look like.
var plainly = regexp.MustCompile(`^((?i:https?):)?//[^\x00-\x20\\/?#]+([/?#]|[\x00-\x20]*$)`)

// FuzzMapFieldsReference reads what comes out as a browser does: it leads below the prefix, or
// to where the application plainly said.
func FuzzMapFieldsReference(f *testing.F) {
	for _, ref := range []string{
		"/x", "/../x", "/a/%2e%2e/../x", `/\evil`, "/\t/evil", "https:evil", "https:/evil", `http:\\evil`, "//evil", "///evil",
		"http://public.example/x", "http://localhost:3000?q", "//me@public.example/..//x", "../../x", "/app/../x", "/%61pp/x",
		"mailto:x", "http:http://evil", " x", "?../..", "/.//evil", `..\..\\evil`, "//public.example:80\\@evil", "http:", "https://",
	} {
		f.Add(ref, "/a/b", false)
		f.Add(ref, "//evil", true)
	}
	f.Fuzz(func(t *testing.T, ref, info string, secure bool) {
		checkReference(t, ref, info, secure)
	})
}

// checkReference maps ref in answers to requests for info below several prefixes.
func checkReference(t *testing.T, ref, info string, secure bool) {
	t.Helper()
	for _, prefix := range []string{"/app", "", "/my app"} {
		target := strings.ReplaceAll(prefix, " ", "%20") + info
		path, _, _ := strings.Cut(target, "?")
		got, ok := location(prefix, target, secure, ref)
		if u, err := url.ParseRequestURI(target); !ok || err != nil || u.EscapedPath() != path {
			continue // no browser sends it
		}
		if again, _ := location(prefix, target, secure, got); again != got {
			t.Fatalf("%q in answer to %s becomes %q, and then %q", ref, target, got, again)
		}
		for _, scheme := range []string{"http", "https"} {
			checkLanding(t, prefix, target, scheme, ref, got)
		}
	}
}

// checkLanding holds got, which the reference ref became, to where it leads a browser that
// asked for target by scheme.
func checkLanding(t *testing.T, prefix, target, scheme, ref, got string) {
	t.Helper()
	path, _, _ := strings.Cut(target, "?")
	to, host, path := browse(scheme, "public.example", path, got)
	switch {
	case to != "http" && to != "https":
		if got != ref {
			t.Fatalf("%q in answer to %s becomes %q", ref, target, got)
		}
	case host != "public.example":
		if got != ref || !plainly.MatchString(ref) || host == "inner.example" || host == "localhost:3000" {
			t.Fatalf("%q in answer to %s becomes %q, which leads to %q", ref, target, got, host)
		}
	default:
		if w := ask(mount.At(prefix, place), path); w != nil && w.Code == 404 {
			t.Fatalf("%q in answer to %s becomes %q, which leads to %q", ref, target, got, path)
		}
	}
}
