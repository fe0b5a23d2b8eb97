package deploy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// options are all options of the parts of Builtin: how a file writes them, and what they come to. A field
// that is not in want, because it is a function or the like, must come to something else than nil.
var options = []struct {
	part, text string
	want       any
}{
	{"access-log", `
		logger = "web"
		level = "info"
		attrs = ["query", "header:Referer"]
		schema = "ecs"
		max-notes = 5`, filter.AccessLogOptions{MaxNotes: 5, Schema: "ecs"}},
	{"cache-control", `
		rules = [{ types = ["text/css"], statuses = [200], max-age = "1h", stale-if-error = "10s", public = true }, { no-store = true }]`,
		filter.CacheControlOptions{Rules: []filter.CacheRule{
			{Types: []string{"text/css"}, Statuses: []int{200}, MaxAge: time.Hour, StaleIfError: 10 * time.Second, Public: true}, {NoStore: true}}}},
	{"basic-auth", `
		users = "` + testdata + `/users"
		realm = "staff"
		keep-authorization = true
		remember = "1h"
		max-remembered = 100
		concurrency = 3
		queue = 9
		logger = "web"`, filter.BasicAuthFileOptions{Realm: "staff", KeepAuthorization: true, Remember: time.Hour, MaxRemembered: 100,
		Concurrency: 3, Queue: 9}},
	{"compress", `
		encodings = ["gzip", "zstd"]
		min-size = "1KiB"
		match = ["text/*"]`, filter.CompressOptions{Encodings: []filter.Encoding{{Name: "gzip"}, {Name: "zstd"}}, MinSize: 1024}},
	{"cookie-policy", `
		same-site = "strict"
		always-secure = true
		partitioned = true
		readable = ["csrftoken"]
		except = ["idp"]`, filter.CookiePolicyOptions{SameSite: http.SameSiteStrictMode, AlwaysSecure: true, Partitioned: true,
		Readable: []string{"csrftoken"}, Except: []string{"idp"}}},
	{"etag", `
		limit = "64KiB"
		weak = true`, filter.ETagOptions{Limit: 64 << 10, Weak: true}},
	{"range", `
		limit = "64KiB"
		max-ranges = 4`, filter.RangeOptions{Limit: 64 << 10, MaxRanges: 4}},
	{"concurrency", `
		limit = 20
		queue = 100
		queue-timeout = "5s"
		retry-after = "2s"
		by-client = true
		key = "user"
		max-keys = 1000`, filter.ConcurrencyOptions{Queue: 100, QueueTimeout: 5 * time.Second, RetryAfter: 2 * time.Second,
		ByClient: true, MaxKeys: 1000}},
	{"decompress-request", `
		limit = "10MiB"
		encodings = ["gzip", "zstd"]
		max-ratio = 100`, filter.DecompressRequestOptions{Encodings: []string{"gzip", "zstd"}, MaxRatio: 100}},
	{"forward-auth", `
		url = "http://localhost:9091/api/authz/forward-auth"
		user-field = "X-User"
		copy = ["X-Groups"]
		send = ["Cookie"]
		timeout = "3s"
		max-answer = "1KiB"
		logger = "auth"`, filter.ForwardAuthOptions{UserField: "X-User", Copy: []string{"X-Groups"}, Send: []string{"Cookie"},
		Timeout: 3 * time.Second, MaxAnswer: 1024}},
	{"rate-limit", `
		limit = "5/s"
		burst = 10
		key = "user"
		cost = [{ match = ["/export/"], tokens = 5 }]
		max-keys = 100
		total = "1000/min"
		name = "web"
		dry-run = true`, filter.RateLimitOptions{MaxKeys: 100, Name: "web", DryRun: true}},
	{"error-page", `
		page = "` + errorTemplate + `"
		types = ["text/html"]`, filter.ErrorPageOptions{Types: []string{"text/html"}}},
	{"timeout", `
		first = "10s"
		idle = "30s"
		total = "5m"
		status = 504`, filter.TimeoutOptions{Idle: 30 * time.Second, Total: 5 * time.Minute, Status: 504}},
	{"recover", `logger = "web"`, filter.RecoverOptions{}},
	{"request-id", `
		header = "X-Id"
		trust = { from = ["10.0.0.0/8"] }`, filter.RequestIDOptions{Header: "X-Id"}},
	{"allow-ip", `
		allowed = ["10.0.0.0/8"]
		peer = true
		unix-socket = true`, filter.AllowIPOptions{Peer: true, UnixSocket: true}},
	{"canonical-host", `
		canonical = "https://example.org"
		only = ["www.example.org"]
		temporary = true
		challenges = true`, filter.CanonicalHostOptions{Only: []string{"www.example.org"}, Temporary: true, Challenges: true}},
	{"https", `
		port = 8443
		temporary = true
		challenges = true`, filter.HTTPSOptions{Port: 8443, Temporary: true, Challenges: true}},
	{"trailing-slash", `add = true`, filter.TrailingSlashOptions{Add: true}},
	{"method-override", `
		field = "_method"
		max-form = "4KiB"`, filter.MethodOverrideOptions{Field: "_method", MaxForm: 4096}},
	{"trust-proxy", `
		proxies = ["10.0.0.1", "fd00::/8"]
		host = true
		prefix = true
		unix-socket = true`, filter.TrustProxyOptions{Host: true, Prefix: true, UnixSocket: true}},
	{"rewind", `
		memory = "1MiB"
		limit = "1GiB"
		dir = "` + testdata + `"`, filter.RewindOptions{Memory: 1 << 20, Limit: 1 << 30, Dir: testdata}},
	{"secure-headers", `
		hsts = "9000h"
		hsts-subdomains = true
		hsts-preload = true
		frames = "DENY"
		referrer = "same-origin"
		opener = "same-origin"
		resource = "same-origin"
		permissions = "camera=(self)"
		csp = { default-src = ["'self'"], upgrade-insecure-requests = [] }
		csp-report-only = { script-src = ["'nonce'"] }
		omit = ["X-Content-Type-Options"]`, filter.SecureHeadersOptions{HSTS: 9000 * time.Hour, HSTSSubdomains: true, HSTSPreload: true, Frames: "DENY",
		Referrer: "same-origin", Opener: "same-origin", Resource: "same-origin", Permissions: "camera=(self)",
		CSP:           filter.CSP{"default-src": {"'self'"}, "upgrade-insecure-requests": {}},
		CSPReportOnly: filter.CSP{"script-src": {"'nonce'"}}, Omit: []string{"X-Content-Type-Options"}}},
	{"server-timing", `
		see = { from = ["127.0.0.1"] }
		max-parts = 5`, filter.ServerTimingOptions{MaxParts: 5}},
	{"map-fields", `
		hosts = ["localhost:3000"]
		cookie-prefix = "a-"
		keep-cookies = ["b"]
		host-cookies = ["c"]
		whole-origin = true`, mount.MapFieldsOptions{Hosts: []string{"localhost:3000"}, CookiePrefix: "a-",
		KeepCookies: []string{"b"}, HostCookies: []string{"c"}, WholeOrigin: true}},
	{"guest", `
		fields = { cookie-prefix = "a-" }
		user-field = "X-User"`, mount.GuestOptions{Fields: mount.MapFieldsOptions{CookiePrefix: "a-"}, UserField: "X-User"}},
	{"cgi", `
		path = "bin/x.cgi"
		args = ["-v"]
		dir = "work"
		env = { A = "1", B = "2" }
		inherit-env = ["HOME"]
		spool = "10MiB"
		timeout = "1m30s"
		processes = 1_0
		queue = 0x10
		logger = "cgi"`, &mount.CGI{Path: "/srv/bin/x.cgi", Args: []string{"-v"}, Dir: "/srv/work", Env: []string{"A=1", "B=2"},
		InheritEnv: []string{"HOME"}, Spool: 10 << 20, Timeout: 90 * time.Second, Processes: 10, Queue: 16}},
	{"fastcgi", `
		servers = ["localhost:9000", "run/php.sock", "/run/php.sock"]
		root = "public"
		front = "index.php"
		env = ["A=1"]
		spool = 5
		sendfile = "/files"
		connections = 2
		queue = 3
		idle-timeout = "4s"
		logger = "php"`, &mount.FastCGI{Servers: []string{"localhost:9000", "/srv/run/php.sock", "/run/php.sock"},
		Root: "/srv/public", Front: "index.php", Env: []string{"A=1"}, Spool: 5, Sendfile: "/files", Connections: 2, Queue: 3,
		IdleTimeout: 4 * time.Second}},
	{"scgi", `
		server = "./scgi.sock"
		env = ["A=1"]
		spool = "1kB"
		connections = 2
		queue = 3
		logger = "scgi"`, &mount.SCGI{Server: "/srv/scgi.sock", Env: []string{"A=1"}, Spool: 1000, Connections: 2, Queue: 3}},
	{"wsgi", `
		app = "wiki.web:application"
		python = "./venv"
		dir = "wiki"
		env = { A = "${here}/a" }
		processes = 2
		threads = 3
		queue = 4
		grace = "5s"
		logger = "wiki"`, &mount.WSGI{App: "wiki.web:application", Python: "/srv/venv", Dir: "/srv/wiki", Env: []string{"A=/srv/a"},
		Processes: 2, Threads: 3, Queue: 4, Grace: 5 * time.Second}},
	{"proxy", `
		url = "http://localhost:3000/base"
		socket = "app.sock"
		passthrough = true
		host = "app.internal"
		user-field = "X-User"
		logger = "app"`, &mount.Proxy{URL: &url.URL{Scheme: "http", Host: "localhost:3000", Path: "/base"}, Socket: "/srv/app.sock",
		Passthrough: true, Host: "app.internal", UserField: "X-User"}},
	{"dir", `
		fs = "static"
		listing = true
		hidden = true
		precompressed = true
		fallback = "index.html"
		logger = "media"`, &mount.Dir{Listing: true, Hidden: true, Precompressed: true, Fallback: "index.html"}},
}

var errorTemplate, _ = filepath.Abs("testdata/error.html")

// testdata is the folder with the files that a constructor reads.
var testdata, _ = filepath.Abs("testdata")

// notInFiles are the filters and the fields that Go code alone can set, and why.
var notInFiles = map[string]string{
	"access-log Output":      "it stands with schema = \"combined\" or \"common\" alone: TestAccessLogWritesLines",
	"basic-auth":             "its check is code: basic-auth in a file is BasicAuthFile",
	"bearer":                 "its check is code",
	"forward-auth Transport": "it is code",
	"proxy Transport":        "it is code",
	"rate-limit Refused":     "it is code",
	"rate-limit Store":       "it is code, of a module that not everybody has",
	"rate-limit StoreDown":   "it is code",
	"trust-proxy Forwarded":  "it cannot stand with prefix: TestTrustProxy_forwarded",
}

func TestEveryOptionComesFromAFile(t *testing.T) {
	for _, test := range options {
		t.Run(test.part, func(t *testing.T) {
			set := deploy.Builtin()
			got := reflect.ValueOf(made(t, set, test.part, test.text, test.want))
			want := reflect.ValueOf(test.want)
			if want.Kind() == reflect.Pointer {
				got, want = got.Elem(), want.Elem()
			}
			for i := range want.NumField() {
				f := want.Type().Field(i)
				switch g, w := got.Field(i), want.Field(i); {
				case !f.IsExported() || notInFiles[test.part+" "+f.Name] != "":
				case g.IsZero():
					t.Errorf("%s cannot be set in a file, or the test does not", f.Name)
				case !w.IsZero() && !reflect.DeepEqual(g.Interface(), w.Interface()):
					t.Errorf("%s: got %v, want %v", f.Name, g, w)
				}
			}
		})
	}
}

func TestTrustProxy_forwarded(t *testing.T) {
	const site = "[app.main]\nuse = \"dir\"\nfs = \".\"\nfilters = [\"x\"]\n[filter.x]\nuse = \"trust-proxy\"\nforwarded = true\n"
	load(t, deploy.Builtin(), site+`proxies = ["10.0.0.1"]`)
	if o := recorded[filter.TrustProxyOptions](t, deploy.Builtin(), "trust-proxy", site); !o.Forwarded {
		t.Error("forwarded cannot be set in a file")
	}
}

// made returns the app of a section, or the options that the section of a filter has, which is
// found out by a constructor in the place of the real one that has the same options.
func made(t *testing.T, set deploy.Set, part, text string, want any) any {
	t.Helper()
	if _, app := want.(http.Handler); app {
		return load(t, set, "[app.main]\nuse = \""+part+"\"\n"+text)
	}
	site := "[app.main]\nuse = \"dir\"\nfs = \".\"\nfilters = [\"x\"]\n[filter.x]\nuse = \"" + part + "\"\n" + text
	load(t, set, site) // with the real one
	switch want.(type) {
	case filter.AccessLogOptions:
		return recorded[filter.AccessLogOptions](t, set, part, site)
	case filter.CacheControlOptions:
		return recorded[filter.CacheControlOptions](t, set, part, site)
	case filter.BasicAuthFileOptions:
		return recorded[filter.BasicAuthFileOptions](t, set, part, strings.Replace(site, "users = ", "# ", 1))
	case filter.CompressOptions:
		return recorded[filter.CompressOptions](t, set, part, site, "min-size:size")
	case filter.CookiePolicyOptions:
		return recorded[filter.CookiePolicyOptions](t, set, part, site)
	case filter.ErrorPageOptions:
		return recorded[filter.ErrorPageOptions](t, set, part, site)
	case filter.ETagOptions:
		return recorded[filter.ETagOptions](t, set, part, site, "limit:size")
	case filter.RangeOptions:
		return recorded[filter.RangeOptions](t, set, part, site, "limit:size")
	case filter.ConcurrencyOptions:
		return recorded[filter.ConcurrencyOptions](t, set, part, strings.Replace(site, "limit = 20", "", 1))
	case filter.DecompressRequestOptions:
		return recorded[filter.DecompressRequestOptions](t, set, part, strings.Replace(site, `limit = "10MiB"`, "", 1))
	case filter.ForwardAuthOptions:
		return recorded[filter.ForwardAuthOptions](t, set, part, strings.Replace(site, "url = ", "# ", 1), "max-answer:size")
	case filter.RateLimitOptions:
		return recorded[filter.RateLimitOptions](t, set, part, strings.NewReplacer(`limit = "5/s"`, "", "burst = 10", "").Replace(site))
	case filter.TimeoutOptions:
		return recorded[filter.TimeoutOptions](t, set, part, strings.Replace(site, `first = "10s"`, "", 1))
	case filter.RecoverOptions:
		return recorded[filter.RecoverOptions](t, set, part, site)
	case filter.RequestIDOptions:
		return recorded[filter.RequestIDOptions](t, set, part, site)
	case filter.AllowIPOptions:
		return recorded[filter.AllowIPOptions](t, set, part, strings.Replace(site, `allowed = ["10.0.0.0/8"]`, "", 1))
	case filter.CanonicalHostOptions:
		return recorded[filter.CanonicalHostOptions](t, set, part, strings.Replace(site, `canonical = "https://example.org"`, "", 1))
	case filter.HTTPSOptions:
		return recorded[filter.HTTPSOptions](t, set, part, site)
	case filter.TrailingSlashOptions:
		return recorded[filter.TrailingSlashOptions](t, set, part, site)
	case filter.MethodOverrideOptions:
		return recorded[filter.MethodOverrideOptions](t, set, part, site, "max-form:size")
	case filter.TrustProxyOptions:
		return recorded[filter.TrustProxyOptions](t, set, part, strings.Replace(site, `proxies = ["10.0.0.1", "fd00::/8"]`, "", 1))
	case filter.RewindOptions:
		return recorded[filter.RewindOptions](t, set, part, site, "memory:size", "limit:size", "dir:folder")
	case filter.ServerTimingOptions:
		return recorded[filter.ServerTimingOptions](t, set, part, strings.Replace(site, `see = { from = ["127.0.0.1"] }`, "", 1))
	case filter.SecureHeadersOptions:
		return recorded[filter.SecureHeadersOptions](t, set, part, site)
	case mount.MapFieldsOptions:
		return recorded[mount.MapFieldsOptions](t, set, part, site)
	case mount.GuestOptions:
		return recorded[mount.GuestOptions](t, set, part, site)
	}
	t.Fatalf("%T is not in this test", want)
	return nil
}

func recorded[O any](t *testing.T, set deploy.Set, part, site string, keys ...string) (options O) {
	t.Helper()
	set[part] = deploy.Filter(func(o O) func(http.Handler) http.Handler {
		options = o
		return func(next http.Handler) http.Handler { return next }
	}, keys...)
	load(t, set, site)
	return options
}

// load builds a site of a file in /srv.
func load(t *testing.T, set deploy.Set, text string) http.Handler {
	t.Helper()
	site, err := deploy.Parse("/srv/site.toml", []byte(text), set)
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := closer.Close(); err != nil {
		t.Error(err)
	}
	return h
}

func TestEveryFilterAndAppIsInBuiltin(t *testing.T) {
	want := map[string]bool{"allow-hosts": true, "clean-path": true, "conditional": true, "max-body": true, "no-cache": true} // they have no options
	for _, test := range options {
		want[test.part] = true
	}
	set := deploy.Builtin()
	for _, name := range append(exported(t, "filter"), exported(t, "mount")...) {
		if _, ok := set[name]; (!ok || !want[name]) && notInFiles[name] == "" {
			t.Errorf("%s is not in Builtin, or not in this test", name)
		}
	}
}

// exported returns the names of the filters of a package that have options, and of its types that are
// handlers, as files write them.
func exported(t *testing.T, pkg string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(filepath.Join("..", pkg)), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", pkg, path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				names = append(names, filterOrHandler(pkg, f)...)
			}
		}
		return nil
	})
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	return names
}

func filterOrHandler(pkg string, f *ast.FuncDecl) []string {
	switch {
	case f.Recv == nil && pkg == "filter" && f.Name.IsExported():
		return []string{dashed(f.Name.Name)}
	case f.Recv != nil && f.Name.Name == "ServeHTTP":
		if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok && ast.IsExported(star.X.(*ast.Ident).Name) {
			return []string{dashed(star.X.(*ast.Ident).Name)}
		}
	}
	return nil
}

// dashed is how a file writes the name of a filter or an app.
func dashed(name string) string {
	switch name {
	case "AllowIP":
		return "allow-ip"
	case "RequestID":
		return "request-id"
	case "BasicAuthFile": // what a file can say of BasicAuth
		return "basic-auth"
	case "FastCGI":
		return "fastcgi"
	case "ETag":
		return "etag"
	}
	if strings.ToUpper(name) == name {
		return strings.ToLower(name)
	}
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String())
}
