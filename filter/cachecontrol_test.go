package filter_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

var assets = filter.CacheControlOptions{Rules: []filter.CacheRule{
	{Types: []string{"Text/CSS", "image/*"}, MaxAge: time.Hour, Public: true, Immutable: true},
	{Statuses: []int{404}, MaxAge: 10 * time.Second},
	{Types: []string{"text/html"}, SharedMaxAge: time.Minute, StaleWhileRevalidate: time.Hour},
	{Types: []string{"text/x-left"}},
}}

func TestCacheControl(t *testing.T) {
	filtertest.Run(t, filter.CacheControl(assets), filtertest.Options{})

	user := rewrite.Request(rewrite.User.Set("alice"))
	sets := func(fields ...string) http.HandlerFunc { return answering(200, "", fields...) }
	none := filter.CacheControlOptions{}
	for name, c := range map[string]struct {
		o       filter.CacheControlOptions
		request string // method, and a field
		answer  http.Handler
		want    string
	}{
		"without rules nobody uses anything again without asking": {none, "GET", sets(), `["no-cache"]`},
		"the first rule of the type counts":                       {assets, "GET", sets("Content-Type", "text/css"), `["public, max-age=3600, immutable"]`},
		"a type has parameters, and any case":                     {assets, "GET", sets("Content-Type", "TEXT/CSS ;charset=x"), `["public, max-age=3600, immutable"]`},
		"a range of types has them all":                           {assets, "HEAD", sets("Content-Type", "image/png"), `["public, max-age=3600, immutable"]`},
		"a longer name is another type":                           {assets, "GET", sets("Content-Type", "text/cssx"), `["no-cache"]`},
		"a rule without directives leaves it":                     {assets, "GET", sets("Content-Type", "text/x-left"), `[]`},
		"a type that is guessed counts":                           {assets, "GET", answering(200, "<!DOCTYPE html>"), `["s-maxage=60, stale-while-revalidate=3600"]`},
		"a type that is taken away is not guessed": {assets, "GET", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<!DOCTYPE html>")
		}), `["no-cache"]`},
		"nor one of a coded body":                          {assets, "GET", answering(200, "<!DOCTYPE html>", "Content-Encoding", "x"), `["no-cache"]`},
		"a handler that has said something is right":       {assets, "GET", sets("Content-Type", "text/css", "Cache-Control", "no-store"), `["no-store"]`},
		"one that says nothing on purpose, too":            {none, "GET", sets("Cache-Control", ""), `[""]`},
		"one that says so by Expires, too":                 {none, "GET", sets("Expires", "0"), `[]`},
		"and by Pragma":                                    {none, "GET", sets("Pragma", "no-cache"), `[]`},
		"answers to POST are left alone":                   {none, "POST", sets(), `[]`},
		"an error is left alone":                           {none, "GET", answering(500, "x"), `[]`},
		"one that a rule names is not":                     {assets, "GET", answering(404, "x"), `["max-age=10"]`},
		"what sets a cookie is not for all":                {assets, "GET", sets("Content-Type", "text/css", "Set-Cookie", "a=b"), `["private, max-age=3600, immutable"]`},
		"nor is an answer to somebody with a password":     {assets, "GET Authorization", sets("Content-Type", "text/css"), `["private, max-age=3600, immutable"]`},
		"nor one to somebody who signs in further in":      {assets, "GET", user(sets("Content-Type", "text/css")), `["private, max-age=3600, immutable"]`},
		"nor what nobody may use again without asking":     {none, "GET", user(sets()), `["private, no-cache"]`},
		"a request may have a cookie":                      {assets, "GET Cookie", sets("Content-Type", "text/css"), `["public, max-age=3600, immutable"]`},
		"no-cache is private then":                         {none, "GET Authorization", sets(), `["private, no-cache"]`},
		"a 304 whose type is not known goes by the old":    {assets, "GET", answering(304, "", "ETag", `"x"`), `[]`},
		"a 304 with a type is as good as a 200":            {assets, "GET", answering(304, "", "Content-Type", "text/css"), `["public, max-age=3600, immutable"]`},
		"a 304 where no type decides":                      {none, "GET", answering(304, ""), `["no-cache"]`},
		"several parts are of a type that is not known":    {assets, "GET", answering(206, "", "Content-Type", "multipart/byteranges; boundary=x"), `[]`},
		"a HEAD that tells no type may be of one":          {assets, "HEAD", sets(), `[]`},
		"the rule may say that it is for all nevertheless": {filter.CacheControlOptions{Rules: []filter.CacheRule{{Public: true, MaxAge: time.Second, Personal: true}}}, "GET Authorization", sets(), `["public, max-age=1"]`},
		"directives come together": {filter.CacheControlOptions{Rules: []filter.CacheRule{{Private: true, NoCache: true, MustRevalidate: true, NoTransform: true}}}, "GET", sets(),
			`["private, no-cache, must-revalidate, no-transform"]`},
		"a response may be stale after an error": {filter.CacheControlOptions{Rules: []filter.CacheRule{{MaxAge: time.Second, StaleIfError: time.Minute}}}, "GET", sets(),
			`["max-age=1, stale-if-error=60"]`},
		"no-store": {filter.CacheControlOptions{Rules: []filter.CacheRule{{NoStore: true}}}, "GET Authorization", sets(), `["no-store"]`},
	} {
		t.Run(name, func(t *testing.T) {
			method, field, _ := strings.Cut(c.request, " ")
			r := httptest.NewRequest(method, "/", nil)
			if field != "" {
				r.Header.Set(field, "x")
			}
			w := httptest.NewRecorder()
			filter.CacheControl(c.o)(c.answer).ServeHTTP(w, r)
			if got := fmt.Sprintf("%q", w.Result().Header["Cache-Control"]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A user is seen wherever one is found out, whether or not a log takes notes, too.
func TestCacheControl_user(t *testing.T) {
	pass := rewrite.Request()
	set := func(user string) func(http.Handler) http.Handler { return rewrite.Request(rewrite.User.Set(user)) }
	note := func(user any) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rewrite.Note(r.Context(), slog.Any("user", user))
				next.ServeHTTP(w, r)
			})
		}
	}
	both := func(outside, inside func(http.Handler) http.Handler) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler { return outside(inside(next)) }
	}
	component := func(next http.Handler) http.Handler { // for nobody
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if res, err := mount.Call(r, set("")(nothing), "/"); err != nil || res.Body.Close() != nil {
				t.Error("the component was not called:", err)
			}
			next.ServeHTTP(w, r)
		})
	}
	server := authServer(t, func(http.ResponseWriter, *http.Request) {})
	asks := filter.ForwardAuth(server, filter.ForwardAuthOptions{})
	log := filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler)})
	deaf := filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler), MaxNotes: -1})
	const private, public = "private, max-age=1", "public, max-age=1"
	for name, c := range map[string]struct {
		outside, inside func(http.Handler) http.Handler
		want            string
	}{
		"further out":                      {set("alice"), pass, private},
		"further in":                       {pass, set("alice"), private},
		"further in than a log":            {log, set("alice"), private},
		"further in than a deaf log":       {deaf, set("alice"), private},
		"by an application's own means":    {pass, note("alice"), private},
		"by the same, further out":         {both(log, note("alice")), pass, private},
		"by a value that is not looked at": {pass, note(struct{}{}), private},
		"further out, and taken away":      {set("alice"), set(""), private},
		"further in, and taken away":       {pass, both(set("alice"), set("")), private},
		"in a page with a part for all":    {pass, both(set("alice"), component), private},
		"by a server that tells no name":   {asks, pass, private},
		"by one that says so itself":       {pass, asks, "private"},
		"nowhere":                          {set(""), set(""), public},
		"nowhere, and logged":              {log, note(""), public},
	} {
		t.Run(name, func(t *testing.T) {
			cache := filter.CacheControl(filter.CacheControlOptions{Rules: []filter.CacheRule{{Public: true, MaxAge: time.Second}}})
			w := httptest.NewRecorder()
			c.outside(cache(c.inside(nothing))).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if got := w.Header().Get("Cache-Control"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A user is seen in a request that somebody kept after it was logged, as who renews a page does.
func TestCacheControl_afterwards(t *testing.T) {
	var kept *http.Request
	keep := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kept = r.Clone(context.WithoutCancel(r.Context())) })
	log := filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler)})
	log(keep).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	w := httptest.NewRecorder()
	filter.CacheControl(assets)(rewrite.Request(rewrite.User.Set("alice"))(answering(200, "", "Content-Type", "text/css"))).ServeHTTP(w, kept)
	if got := w.Header().Get("Cache-Control"); got != "private, max-age=3600, immutable" {
		t.Errorf("got %q", got)
	}
}

// A handler that its filters did not wait for is no race with the log of its request.
func TestCacheControl_late(t *testing.T) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	var late sync.WaitGroup
	h := filter.AccessLog(filter.AccessLogOptions{Logger: logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		rewrite.Note(r.Context(), slog.String("user", ""), slog.Int("rows", 1))
		late.Go(func() {
			filter.CacheControl(assets)(rewrite.Request(rewrite.User.Set("alice"))(nothing)).ServeHTTP(httptest.NewRecorder(), r)
		})
	}))
	for range 100 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	late.Wait()
}

func TestCacheControl_nonsense(t *testing.T) {
	const s = time.Second
	for want, r := range map[string]filter.CacheRule{
		`has Types with "css": write one such as "text/css" or "image/*"`:              {Types: []string{"css"}},
		`has Types with "*/css": write one such as "text/css" or "image/*"`:            {Types: []string{"*/css"}},
		`has Types with "text/css; a=b": write one such as "text/css" or "image/*"`:    {Types: []string{"text/css; a=b"}},
		"has Statuses with 103, which is no final status":                              {Statuses: []int{200, 103}},
		"has a MaxAge of -1s, no whole number of seconds":                              {MaxAge: -s},
		"has a SharedMaxAge of 1.5s, no whole number of seconds":                       {SharedMaxAge: s * 3 / 2},
		"is Private, and Public, SharedMaxAge or Personal":                             {Private: true, SharedMaxAge: s},
		"has NoStore, and more than NoTransform with it":                               {NoStore: true, Private: true},
		"has NoCache, and how long a response is fresh":                                {NoCache: true, MaxAge: s},
		"says what happens to fresh and stale responses without MaxAge":                {Immutable: true},
		"has a StaleIfError of 1ns, no whole number of seconds":                        {MaxAge: s, StaleIfError: 1},
		"has a StaleWhileRevalidate of -1s, no whole number of seconds":                {MaxAge: s, StaleWhileRevalidate: -s},
		`has Types with "text/css\r\nX: y": write one such as "text/css" or "image/*"`: {Types: []string{"text/css\r\nX: y"}},
		`has Types with "": write one such as "text/css" or "image/*"`:                 {Types: []string{""}},
		"has Statuses with 1000, which is no final status":                             {Statuses: []int{1000}},
	} {
		mustPanic(t, "filter.CacheControl: Rules[1] "+want, func() {
			filter.CacheControl(filter.CacheControlOptions{Rules: []filter.CacheRule{{}, r}})
		})
	}
	mustPanic(t, "filter.CacheControl: next is nil", func() { filter.CacheControl(filter.CacheControlOptions{})(nil) })
}

func ExampleCacheControl() {
	cached := filter.CacheControl(filter.CacheControlOptions{Rules: []filter.CacheRule{
		{Types: []string{"text/css", "image/*"}, MaxAge: 24 * time.Hour, Public: true},
	}})
	h := cached(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
	}))
	for _, kind := range []string{"text/css", "text/html"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/?type="+kind, nil))
		fmt.Printf("%s: %s\n", kind, w.Header().Get("Cache-Control"))
	}
	// Output:
	// text/css: public, max-age=86400
	// text/html: no-cache
}
