package forwarded_test

import (
	"strings"
	"testing"

	"github.com/weirhttp/weir/internal/forwarded"
	"github.com/weirhttp/weir/rewrite"
)

var known = []string{
	"X-Forwarded", "X-Forwarded-For", "X-Forwarded-Client-Cert", "X-Forwarded-" + strings.Repeat("x", 64<<10), "Forwarded",
	"X-Real-IP", "Forwarded-For", "X-Forward-For", "Incap-Client-IP", "X-Real-Port", "X-MS-Forwarded-Client-IP",
	"X-NF-Client-Connection-IP", "DO-Connecting-IP", "CloudFront-Viewer-Address", "CloudFront-Forwarded-Proto", "Cf-Visitor", "Https", "X-ARR-SSL",
	"X-Original-Scheme", "Front-End-Https", "X-Envoy-Original-Path", "X-Original-URL", "X-Script-Name", "X-ProxyContextPath",
}

func TestIs(t *testing.T) {
	for _, name := range known {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", ".")} {
			if !forwarded.Is(spelling) {
				t.Errorf("%.40q is none", spelling)
			}
		}
	}
	for _, name := range []string{"", "X-Forward", "Via", "Host", "Cookie", "Origin", "Remote-User", "X-Request-Id", "X-Requested-With",
		"X-Http-Method-Override", "X-Real-Ip2", "X-Real-I", "Upgrade-Insecure-Requests", "X-Real-" + strings.Repeat("x", 64<<10)} {
		if forwarded.Is(name) {
			t.Errorf("%.40q is one", name)
		}
	}
	if n := testing.AllocsPerRun(10, func() { forwarded.Is("CloudFront-Forwarded-Proto") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzIs holds that a spelling is as good as another one.
func FuzzIs(f *testing.F) {
	for _, name := range known[4:] {
		f.Add(name, name)
		f.Add(name, strings.ReplaceAll(name, "-", "\u00e9"))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if rewrite.Like(a, b) && forwarded.Is(a) != forwarded.Is(b) {
			t.Errorf("%q is one: %v, %q: %v", a, forwarded.Is(a), b, forwarded.Is(b))
		}
	})
}
