package rewrite_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/rewrite"
)

// RFC 9110 section 8.8.3.2 has this table.
func TestETagComparison(t *testing.T) {
	for _, c := range []struct {
		a, b         rewrite.ETag
		strong, weak bool
	}{
		{`W/"1"`, `W/"1"`, false, true},
		{`W/"1"`, `W/"2"`, false, false},
		{`W/"1"`, `"1"`, false, true},
		{`"1"`, `"1"`, true, true},
		{`"1"`, `"2"`, false, false},
		{`""`, `""`, true, true},
		{"", "", false, false},
		{"1", "1", false, false},
		{`w/"1"`, `w/"1"`, false, false},
		{`W/W/"1"`, `W/W/"1"`, false, false},
		{`W/`, `W/`, false, false},
		{`"1`, `"1`, false, false},
		{`"1""`, `"1""`, false, false},
		{`"a b"`, `"a b"`, false, false},
		{`*`, `*`, false, false},
	} {
		for range 2 {
			if strong, weak := c.a.StrongMatch(c.b), c.a.WeakMatch(c.b); strong != c.strong || weak != c.weak {
				t.Errorf("%s and %s: strong %v, weak %v", c.a, c.b, strong, weak)
			}
			c.a, c.b = c.b, c.a
		}
	}
}

func TestETags(t *testing.T) {
	for name, c := range map[string]struct {
		lines     rewrite.ETags
		tags      string
		any       bool
		malformed bool
	}{
		"a list":                  {rewrite.ETags{`"a", W/"b","c,d"`}, `"a" W/"b" "c,d"`, false, false},
		"several lines":           {rewrite.ETags{`"a"`, "", `"b"`}, `"a" "b"`, false, false},
		"empty elements":          {rewrite.ETags{` ,, "a" ,`}, `"a"`, false, false},
		"nothing":                 {nil, "", false, false},
		"the asterisk":            {rewrite.ETags{" * "}, "", true, false},
		"the asterisk in a list":  {rewrite.ETags{`"a", *`}, `"a"`, false, true},
		"the asterisk in a line":  {rewrite.ETags{"*", `"a"`}, "", false, true},
		"no quotes":               {rewrite.ETags{"a"}, "", false, true},
		"an open quote":           {rewrite.ETags{`"a", "b`}, `"a"`, false, true},
		"no comma":                {rewrite.ETags{`"a" "b"`}, "", false, true},
		"a space in a tag":        {rewrite.ETags{`"a b"`}, "", false, true},
		"a tag behind what is no": {rewrite.ETags{`"a", b, "c"`}, `"a"`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			var tags []string
			for tag := range c.lines.All() {
				tags = append(tags, string(tag))
			}
			if got := strings.Join(tags, " "); got != c.tags || c.lines.Any() != c.any || c.lines.Malformed() != c.malformed {
				t.Errorf("%q: %s, any %v, malformed %v", c.lines, got, c.lines.Any(), c.lines.Malformed())
			}
			for _, tag := range tags {
				weak, strong := c.lines.WeakMatch(rewrite.ETag(tag)), c.lines.StrongMatch(rewrite.ETag(tag))
				if weak == c.malformed || strong != (weak && tag[0] == '"') {
					t.Errorf("%q and %s: weak %v, strong %v", c.lines, tag, weak, strong)
				}
			}
			if c.lines.WeakMatch(`"x"`) != c.any || c.lines.StrongMatch(`"x"`) != c.any || c.lines.WeakMatch("") != c.any {
				t.Errorf("%q matches what is not in it", c.lines)
			}
		})
	}
	for range (rewrite.ETags{`"a", "b"`}).All() {
		break
	}
}

const (
	yesterday = "Sun, 06 Nov 1994 08:49:37 GMT"
	today     = "Mon, 07 Nov 1994 08:49:37 GMT"
	tomorrow  = "Tue, 08 Nov 1994 08:49:37 GMT"
)

func moment(s string) time.Time {
	t, err := http.ParseTime(s)
	if err != nil {
		panic(err)
	}
	return t
}

func conditional(method string, fields ...string) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestConditions(t *testing.T) {
	const failed, same = http.StatusPreconditionFailed, http.StatusNotModified
	now := moment(today).Add(900 * time.Millisecond)
	for name, c := range map[string]struct {
		request  *http.Request
		tag      rewrite.ETag
		modified time.Time
		want     int
	}{
		"a PUT of what its client has seen":          {conditional("PUT", `If-Match: "a"`), `"a"`, now, 0},
		"a PUT of what has changed since":            {conditional("PUT", `If-Match: "a"`), `"b"`, now, failed},
		"a PUT with a weak tag":                      {conditional("PUT", `If-Match: W/"a"`), `W/"a"`, now, failed},
		"a PUT of what must be there":                {conditional("PUT", "If-Match: *"), "", now, 0},
		"a PUT of what is not there":                 {conditional("PUT", "If-Match: *"), "", time.Time{}, failed},
		"a PUT with a malformed tag":                 {conditional("PUT", "If-Match: a"), `"a"`, now, failed},
		"a PUT with a blank one":                     {conditional("PUT", "If-Match: "), `"a"`, now, 0},
		"a PUT of what must not be there":            {conditional("PUT", "If-None-Match: *"), "", time.Time{}, 0},
		"a PUT of what must not be there and is":     {conditional("PUT", "If-None-Match: *"), `"a"`, time.Time{}, failed},
		"a PUT of what is there without a tag":       {conditional("PUT", "If-None-Match: *"), "", now, failed},
		"a PUT of what has another tag":              {conditional("PUT", `If-None-Match: "a"`), `"b"`, now, 0},
		"a PUT of what changed before":               {conditional("PUT", "If-Unmodified-Since: "+today), "", now, 0},
		"a PUT of what changed after":                {conditional("PUT", "If-Unmodified-Since: "+yesterday), "", now, failed},
		"a PUT of what changed nobody knows when":    {conditional("PUT", "If-Unmodified-Since: "+yesterday), `"a"`, time.Time{}, 0},
		"a PUT with If-Modified-Since":               {conditional("PUT", "If-Modified-Since: "+tomorrow), "", now, 0},
		"a GET of what its client has":               {conditional("GET", `If-None-Match: "b", W/"a"`), `"a"`, now, same},
		"a HEAD of what its client has":              {conditional("HEAD", `If-None-Match: "a"`), `W/"a"`, now, same},
		"a GET of what has changed":                  {conditional("GET", `If-None-Match: "b"`), `"a"`, now, 0},
		"a GET of what has not changed since":        {conditional("GET", "If-Modified-Since: "+today), "", now, same},
		"a GET of what has changed since":            {conditional("GET", "If-Modified-Since: "+yesterday), "", now, 0},
		"a GET with two dates":                       {conditional("GET", "If-Modified-Since: "+today, "If-Modified-Since: "+today), "", now, 0},
		"a GET with a malformed date":                {conditional("GET", "If-Modified-Since: today"), "", now, 0},
		"a tag has precedence over a date":           {conditional("GET", `If-None-Match: "b"`, "If-Modified-Since: "+today), `"a"`, now, 0},
		"so has a malformed tag":                     {conditional("GET", "If-None-Match: b", "If-Modified-Since: "+today), `"a"`, now, 0},
		"If-Match has precedence over a date":        {conditional("GET", `If-Match: "a"`, "If-Unmodified-Since: "+yesterday), `"a"`, now, 0},
		"If-Match has precedence over If-None-Match": {conditional("GET", `If-Match: "b"`, `If-None-Match: "a"`), `"a"`, now, failed},
		"no conditions":                              {conditional("GET"), `"a"`, now, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rewrite.ConditionsOf(c.request).Status(c.request.Method, c.tag, c.modified); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestIfRange(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		tag   rewrite.ETag
		want  bool
	}{
		"none":                {nil, `"a"`, true},
		"the same tag":        {[]string{` "a" `}, `"a"`, true},
		"another tag":         {[]string{`"b"`}, `"a"`, false},
		"a weak tag":          {[]string{`W/"a"`}, `W/"a"`, false},
		"the same date":       {[]string{today}, "", true},
		"an older date":       {[]string{yesterday}, "", false},
		"a later date":        {[]string{tomorrow}, "", false},
		"what is neither":     {[]string{"today"}, "today", false},
		"a blank one":         {[]string{" "}, `"a"`, true},
		"two blank ones":      {[]string{"", " "}, `"a"`, true},
		"more than one":       {[]string{`"a"`, `"a"`}, `"a"`, false},
		"a date and a second": {[]string{today, today}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := conditional("GET")
			r.Header["If-Range"] = c.lines
			if got := rewrite.ConditionsOf(r).Range(c.tag, moment(today)); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestConditionsLikeServeContent compares with what net/http answers to the same requests.
// Of a malformed list, it reads the beginning.
func TestConditionsLikeServeContent(t *testing.T) {
	rng := rand.New(rand.NewPCG(9110, 13))
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	for range 20_000 {
		r := httptest.NewRequest(pick("GET", "HEAD"), "/", nil)
		for _, name := range []string{"If-Match", "If-None-Match"} {
			if rng.IntN(2) == 0 {
				r.Header.Set(name, pick("*", `"a"`, `W/"a"`, `"b"`, `"b", "a"`, `"b" , W/"a",`, "a", `a, "a"`, `"a`, ""))
			}
		}
		for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since"} {
			if rng.IntN(2) == 0 {
				r.Header.Set(name, pick(yesterday, today, tomorrow, "today", "", "Monday, 07-Nov-94 08:49:37 GMT"))
			}
		}
		tag, modified := pick(`"a"`, `W/"a"`, `"b"`), moment(pick(yesterday, today)).Add(time.Duration(rng.IntN(2))*time.Millisecond)
		ranged := rng.IntN(2) == 0
		if ranged {
			r.Header.Set("Range", "bytes=1-2")
			r.Header.Set("If-Range", pick(`"a"`, `W/"a"`, "a", yesterday, today))
		}
		w := httptest.NewRecorder()
		w.Header().Set("Etag", tag)
		http.ServeContent(w, r, "x.txt", modified, strings.NewReader("body"))
		c := rewrite.ConditionsOf(r)
		got := c.Status(r.Method, rewrite.ETag(tag), modified)
		switch {
		case got != 0:
		case ranged && c.Range(rewrite.ETag(tag), modified):
			got = http.StatusPartialContent
		default:
			got = http.StatusOK
		}
		if got != w.Code {
			t.Fatalf("%v of %s, %v: %d, and net/http answers %d", r.Header, tag, modified, got, w.Code)
		}
	}
}

// The time of a long list grows with its length: what is behind the tag that is read does
// not count, and nothing is copied.
func TestConditionsOfLongLists(t *testing.T) {
	for name, list := range map[string]string{
		"tags": strings.Repeat(`"b",`, 16<<10), "commas": strings.Repeat(",", 64<<10), "spaces": strings.Repeat(" ", 64<<10),
		"an open quote": `"` + strings.Repeat("a", 64<<10), "open quotes": strings.Repeat(`"a,`, 21<<10), "weak marks": strings.Repeat("W/", 32<<10),
	} {
		r := conditional("GET")
		r.Header = http.Header{"If-Match": {list}, "If-None-Match": {list}, "If-Modified-Since": {list}, "If-Range": {list}}
		if n := testing.AllocsPerRun(20, func() { rewrite.ConditionsOf(r).Status("GET", `"a"`, moment(today)) }); n > 20 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzConditions(f *testing.F) {
	f.Add(`"a", W/"b"`, "*", today)
	f.Add(`"a" "b`, `"a,b",,`, `W/"x"`)
	f.Fuzz(func(t *testing.T, match, none, since string) {
		r := conditional("GET")
		r.Header = http.Header{"If-Match": {match, none}, "If-None-Match": {none}, "If-Modified-Since": {since}, "If-Range": {since}}
		c := rewrite.ConditionsOf(r)
		for _, tags := range []rewrite.ETags{c.IfMatch, c.IfNoneMatch} {
			listed := slices.Collect(tags.All())
			for _, tag := range listed {
				if !tag.WeakMatch(tag) || tags.WeakMatch(tag) == tags.Malformed() || tags.StrongMatch(tag) != (tag.StrongMatch(tag) && !tags.Malformed()) {
					t.Fatalf("%q: %s is not itself", tags, tag)
				}
			}
			if written := (rewrite.ETags{joined(listed)}); !slices.Equal(slices.Collect(written.All()), listed) || written.Malformed() {
				t.Fatalf("%q is %q, written %q", tags, listed, written)
			}
		}
		c.Status("GET", `"a"`, moment(today))
		if c.Range(rewrite.ETag(since), moment(today)) && !strings.HasPrefix(strings.Trim(since, " \t"), `"`) && strings.Trim(since, " \t") != "" && c.IfRangeDate.IsZero() {
			t.Fatalf("%q is a strong tag", since)
		}
	})
}

func joined(tags []rewrite.ETag) string {
	var list []string
	for _, tag := range tags {
		list = append(list, string(tag))
	}
	return strings.Join(list, ", ")
}

// A handler that changes something asks before it does.
func ExampleConditions() {
	page, tag := "old", rewrite.ETag(`"1"`)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := rewrite.ConditionsOf(r).Status(r.Method, tag, time.Time{}); status != 0 {
			w.WriteHeader(status)
			return
		}
		page, tag = "new", `"2"`
		w.WriteHeader(http.StatusNoContent)
	})
	for range 2 { // the second client has not seen what the first one wrote
		r := httptest.NewRequest("PUT", "/", nil)
		r.Header.Set("If-Match", `"1"`)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Code, page)
	}
	// Output:
	// 204 new
	// 412 new
}

func ExampleETags() {
	tags := rewrite.ETags(http.Header{"If-None-Match": {`W/"a", "b"`}}["If-None-Match"])
	fmt.Println(tags.WeakMatch(`"a"`), tags.StrongMatch(`"a"`), tags.StrongMatch(`"b"`))
	// Output: true false true
}
