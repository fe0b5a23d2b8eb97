package weir_test

import (
	"cmp"
	"compress/flate"
	"flag"
	"go/ast"
	"go/format"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// filters are those of package filter and of package rewrite, each with
// settings that let the kit's requests pass, and what it declares. A new filter
// gets its line here: TestEveryFilterIsPaired asks for it.
var filters = map[string]candidate{
	"filter.AccessLog":  {filter.AccessLog(filter.AccessLogOptions{Logger: silent}), filtertest.Options{}},
	"filter.AllowHosts": {filter.AllowHosts("127.0.0.1", "h", "*.example", "*.example.com", "example.com"), filtertest.Options{}},
	"filter.AllowIP":    {filter.AllowIP(loopback, filter.AllowIPOptions{Peer: true}), filtertest.Options{}},
	"filter.BasicAuth": {signedIn("Basic YWxpY2U6c2VjcmV0", filter.BasicAuth(alice, filter.BasicAuthOptions{})),
		filtertest.Options{RequestFields: []string{"Authorization"}}},
	"filter.BasicAuthFile": {signedIn("Basic YWxpY2U6c2VjcmV0", filter.BasicAuthFile("testdata/users", filter.BasicAuthFileOptions{})),
		filtertest.Options{RequestFields: []string{"Authorization"}}},
	"filter.Bearer": {signedIn("Bearer YWxpY2U=", filter.Bearer(anybody, filter.BearerOptions{})),
		filtertest.Options{RequestFields: []string{"Authorization"}}},
	"filter.CacheControl":  {filter.CacheControl(filter.CacheControlOptions{}), filtertest.Options{}},
	"filter.CanonicalHost": {filter.CanonicalHost(&url.URL{Scheme: "https", Host: "example.com"}, filter.CanonicalHostOptions{Only: []string{"www.example.com"}}), filtertest.Options{}},
	"filter.CleanPath":     {filter.CleanPath(), filtertest.Options{Answers: true}},
	"filter.Compress":      {filter.Compress(filter.CompressOptions{}), filtertest.Options{Encodes: true}},
	"filter.Concurrency":   {filter.Concurrency(1000, filter.ConcurrencyOptions{Queue: 1000}), filtertest.Options{}},
	"filter.Conditional":   {filter.Conditional(), filtertest.Options{}},
	"filter.CookiePolicy": {filter.CookiePolicy(filter.CookiePolicyOptions{}), filtertest.Options{ResponseFields: []string{"Set-Cookie"},
		Except: map[string]string{"C12": "cookies get attributes"}}},
	"filter.DecompressRequest": {filter.DecompressRequest(64<<20, filter.DecompressRequestOptions{}), filtertest.Options{}},
	"filter.ETag":              {filter.ETag(filter.ETagOptions{Limit: 4 << 10}), filtertest.Options{ResponseFields: []string{"Etag"}}},
	"filter.ErrorPage": {filter.ErrorPage(filter.ErrorPageOptions{}), filtertest.Options{Transforms: true,
		ResponseFields: []string{"Content-Type", "X-Content-Type-Options"}}},
	"filter.ForwardAuth": {filter.ForwardAuth(&url.URL{Scheme: "http", Host: "auth"}, filter.ForwardAuthOptions{Transport: yes{}}),
		filtertest.Options{ResponseFields: []string{"Cache-Control"}}},
	"filter.HTTPS":          {byHTTPS(filter.HTTPS(filter.HTTPSOptions{})), filtertest.Options{}},
	"filter.MaxBody":        {filter.MaxBody(64 << 20), filtertest.Options{}},
	"filter.MethodOverride": {filter.MethodOverride(filter.MethodOverrideOptions{}), filtertest.Options{RequestFields: []string{"X-Http-Method-Override"}}},
	"filter.NoCache":        {filter.NoCache(), filtertest.Options{ResponseFields: []string{"Cache-Control"}}},
	"filter.Range":          {filter.Range(filter.RangeOptions{}), filtertest.Options{ResponseFields: []string{"Accept-Ranges"}}},
	"filter.RateLimit":      {filter.RateLimit(rate.Every(1), 1<<20, filter.RateLimitOptions{}), filtertest.Options{}},
	"filter.Recover":        {filter.Recover(filter.RecoverOptions{Logger: silent}), filtertest.Options{Recovers: true}},
	"filter.RequestID":      {filter.RequestID(filter.RequestIDOptions{}), filtertest.Options{RequestFields: []string{"X-Request-Id"}}},
	"filter.Rewind": {filter.Rewind(filter.RewindOptions{}), filtertest.Options{Except: map[string]string{
		"N15": "a body that can be read again is closed when the handler has returned",
		"X48": "a body that was closed says http.ErrBodyReadAfterClose over HTTP/2, too"}}},
	"filter.SecureHeaders": {filter.SecureHeaders(filter.SecureHeadersOptions{CSP: filter.CSP{"script-src": {"'nonce'"}}}), filtertest.Options{}},
	"filter.ServerTiming":  {filter.ServerTiming(func(*http.Request) bool { return true }, filter.ServerTimingOptions{}), filtertest.Options{}},
	"filter.Timeout":       {filter.Timeout(time.Hour, filter.TimeoutOptions{Idle: time.Hour, Total: time.Hour}), filtertest.Options{}},
	"filter.TrailingSlash": {filter.TrailingSlash(filter.TrailingSlashOptions{}), filtertest.Options{Answers: true}},
	"filter.TrustProxy":    {filter.TrustProxy(loopback, filter.TrustProxyOptions{Host: true, Prefix: true}), filtertest.Options{RequestFields: forwardedFields}},
	"rewrite.Body": {rewrite.Body(rewrite.Type("text/x-none"), deflated),
		filtertest.Options{RequestFields: []string{"Accept-Encoding", "Range", "If-Range"}}},
	"rewrite.Request":        {rewrite.Request(rewrite.User.Set("alice")), filtertest.Options{}},
	"rewrite.RequestHeader":  {rewrite.RequestHeader(rewrite.Set("X-Seen", "yes")), filtertest.Options{RequestFields: []string{"X-Seen"}}},
	"rewrite.Response":       {rewrite.Response(func(h *capture.Head) { capture.Vary(h.Header, "Cookie") }), filtertest.Options{}},
	"rewrite.ResponseHeader": {rewrite.ResponseHeader(rewrite.Default("X-Frame-Options", "DENY")), filtertest.Options{}},
}

// loopback is where the kit's requests come from, and forwardedFields what TrustProxy may touch of theirs.
var (
	loopback        = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	forwardedFields = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded"}
)

// byHTTPS puts f behind what says that all requests came by https, and before what leaves the others as they were.
func byHTTPS(f weir.Filter) weir.Filter {
	return weir.Stack(rewrite.Request(rewrite.Scheme.Set("https")), f, rewrite.Request(rewrite.Scheme.Set(""))).Then
}

// signedIn is a filter whose requests carry credentials.
func signedIn(authorization string, f weir.Filter) weir.Filter {
	return weir.Stack(rewrite.RequestHeader(rewrite.Set("Authorization", authorization)), f).Then
}

func alice(_ *http.Request, user, password string) (bool, error) {
	return user == "alice" && password == "secret", nil
}

func anybody(*http.Request, string) (user string, scopes []string, err error) {
	return "alice", nil, nil
}

// yes is an authentication server that lets everybody in.
type yes struct{}

func (yes) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

type candidate struct {
	filter   weir.Filter
	declares filtertest.Options
}

// inside is what a filter declares that has another one inside of it.
func (d candidate) inside(other filtertest.Options) filtertest.Options {
	o := d.declares
	o.RequestFields = slices.Concat(o.RequestFields, other.RequestFields)
	o.ResponseFields = slices.Concat(o.ResponseFields, other.ResponseFields)
	o.Encodes = o.Encodes || other.Encodes
	o.Transforms = o.Transforms || other.Transforms
	o.Except = maps.Clone(o.Except)
	for id, reason := range other.Except {
		if o.Except == nil {
			o.Except = map[string]string{}
		}
		o.Except[id] = reason
	}
	o.Recovers = o.Recovers || other.Recovers
	o.Answers = o.Answers || other.Answers
	return o
}

// looseness says how much of the rules a filter's declaration takes back.
func (d candidate) looseness() int {
	o := len(d.declares.Except)
	for _, declared := range []bool{d.declares.Encodes, d.declares.Transforms, d.declares.Answers, d.declares.Recovers} {
		if declared {
			o++
		}
	}
	return o
}

var silent = slog.New(slog.DiscardHandler)

func deflated(dst io.Writer) io.WriteCloser {
	w, _ := flate.NewWriter(dst, flate.BestSpeed)
	return w
}

func Example() {
	user := rewrite.Request(rewrite.User.Set("alice"))                         // your own sign-on
	app := mount.At("/code", &mount.CGI{Path: "/usr/share/gitweb/gitweb.cgi"}) // a program in Perl
	http.ListenAndServe("localhost:8080", weir.Stack(user, filter.Compress(filter.CompressOptions{})).Then(app))
}

// The README's program is the example above, and short.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("filter_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(readme), "```go\n")
	program, _, _ = strings.Cut(program, "```\n")
	if n := strings.Count(program, "\n"); n > 15 {
		t.Errorf("%d lines, want at most 15", n)
	}
	_, example, _ := strings.Cut(string(source), "\nfunc Example() {\n")
	example, _, _ = strings.Cut(example, "\n}\n")
	if _, body, _ := strings.Cut(program, "func main() {\n"); body != example+"\n}\n" {
		t.Errorf("main is not Example:\n%s", body)
	}
	formatted, err := format.Source([]byte(program))
	if err != nil || string(formatted) != program {
		t.Errorf("not gofmt'ed, or no program: %v", err)
	}
}

// TestReadmeShowsTheExamples holds that the README has the examples as they are compiled and run.
func TestReadmeShowsTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"examples/site/main.go", "examples/trac/main.go", "bench/example_outside_test.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, site, _ := strings.Cut(string(source), "\nfunc site() ")
		if site == "" || !strings.Contains(string(readme), "```go\nfunc site() "+site+"```\n") {
			t.Errorf("the README does not have func site of %s", name)
		}
	}
}

func TestEveryFilterIsPaired(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		if dir := path.Dir(name); dir == "filter" || dir == "rewrite" {
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Recv != nil || !f.Name.IsExported() || !isFilter(f.Type.Results) {
					continue
				}
				if line := dir + "." + f.Name.Name; filters[line].filter == nil {
					t.Errorf("%s is not in the table of filters: add its line", line)
				}
			}
		}
	})
}

// alone has every pair of filters tested in a stack of its own: with all that there are, a quarter of an hour.
var alone = flag.Bool("alone", false, "TestEveryPairOfFilters: each pair in a stack of its own")

// TestEveryPairOfFilters puts groups of four around each other and around themselves, so that every filter stands
// outside of every other one, and of itself, in some stack. What a filter declares is allowed to all of its stack: those
// that declare much are together. It takes long under the race detector, which the whole stack, each filter alone and
// the layers themselves do go through: ./check runs it without.
func TestEveryPairOfFilters(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("the pairs run without the race detector, and not in short runs")
	}
	names := slices.SortedFunc(maps.Keys(filters), func(a, b string) int {
		return cmp.Or(filters[a].looseness()-filters[b].looseness(), strings.Compare(a, b))
	})
	size := 4
	if *alone {
		size = 1
	}
	for outer := range slices.Chunk(names, size) {
		for inner := range slices.Chunk(names, size) {
			t.Run(strings.Join(outer, ",")+" around "+strings.Join(inner, ","), func(t *testing.T) {
				t.Parallel()
				stack, declares := stacked(slices.Concat(outer, inner))
				filtertest.Run(t, stack, declares)
			})
		}
	}
}

// stacked returns the stack of some filters of the table, and what it declares.
func stacked(names []string) (weir.Filter, filtertest.Options) {
	var all []weir.Filter
	var o filtertest.Options
	for _, name := range slices.Backward(names) {
		o = filters[name].inside(o)
	}
	for _, name := range names {
		all = append(all, filters[name].filter)
	}
	return weir.Stack(all...).Then, o
}

func TestTheWholeStack(t *testing.T) {
	names := slices.Sorted(maps.Keys(filters))
	stack, o := stacked(names)
	filtertest.Run(t, stack, o)
	slices.Reverse(names)
	backwards, o := stacked(names)
	filtertest.Run(t, func(next http.Handler) http.Handler { return backwards(mount.At("/", next)) }, o)
}
