// Package allfilters has every filter of package filter and of package rewrite, for the tests that are about all of them.
package allfilters

import (
	"compress/flate"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// Candidate is a filter with settings that let the requests of filtertest pass, and what it declares.
type Candidate struct {
	Filter   weir.Filter
	Declares filtertest.Options
}

// New makes all filters. Users is a file of htpasswd with Alice, whose password is "secret". A new filter gets its line here:
// TestEveryFilterIsPaired asks for it.
func New(users string) map[string]Candidate {
	return map[string]Candidate{
		"filter.AccessLog":  {filter.AccessLog(filter.AccessLogOptions{Logger: silent}), filtertest.Options{}},
		"filter.AllowHosts": {filter.AllowHosts("127.0.0.1", "h", "*.example", "*.example.com", "example.com"), filtertest.Options{}},
		"filter.AllowIP":    {filter.AllowIP(loopback, filter.AllowIPOptions{Peer: true}), filtertest.Options{}},
		"filter.BasicAuth": {signedIn("Basic YWxpY2U6c2VjcmV0", filter.BasicAuth(alice, filter.BasicAuthOptions{})),
			filtertest.Options{RequestFields: []string{"Authorization"}}},
		"filter.BasicAuthFile": {signedIn("Basic YWxpY2U6c2VjcmV0", filter.BasicAuthFile(users, filter.BasicAuthFileOptions{})),
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
		"filter.RateLimit":      {filter.RateLimit(1e9, 1<<20, filter.RateLimitOptions{}), filtertest.Options{}},
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
		"rewrite.Body": {rewrite.Body(rewrite.Type("text/x-none"), Deflated),
			filtertest.Options{RequestFields: []string{"Accept-Encoding", "Range", "If-Range"}}},
		"rewrite.Request":        {rewrite.Request(rewrite.User.Set("alice")), filtertest.Options{}},
		"rewrite.RequestHeader":  {rewrite.RequestHeader(rewrite.Set("X-Seen", "yes")), filtertest.Options{RequestFields: []string{"X-Seen"}}},
		"rewrite.Response":       {rewrite.Response(func(h *capture.Head) { capture.Vary(h.Header, "Cookie") }), filtertest.Options{}},
		"rewrite.ResponseHeader": {rewrite.ResponseHeader(rewrite.Default("X-Frame-Options", "DENY")), filtertest.Options{}},
	}
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

// inside is what a filter declares that has another one inside of it.
func (d Candidate) inside(other filtertest.Options) filtertest.Options {
	o := d.Declares
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

// Looseness says how much of the rules a filter's declaration takes back.
func (d Candidate) Looseness() int {
	o := len(d.Declares.Except)
	for _, declared := range []bool{d.Declares.Encodes, d.Declares.Transforms, d.Declares.Answers, d.Declares.Recovers} {
		if declared {
			o++
		}
	}
	return o
}

// Stack returns the stack of some filters, outermost first, and what it declares.
func Stack(filters map[string]Candidate, names []string) (weir.Filter, filtertest.Options) {
	var all []weir.Filter
	var o filtertest.Options
	for _, name := range slices.Backward(names) {
		o = filters[name].inside(o)
	}
	for _, name := range names {
		all = append(all, filters[name].Filter)
	}
	return weir.Stack(all...).Then, o
}

var silent = slog.New(slog.DiscardHandler)

// Deflated codes a body by deflate, without its envelope.
func Deflated(dst io.Writer) io.WriteCloser {
	w, _ := flate.NewWriter(dst, flate.BestSpeed)
	return w
}
