package deploy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

const switchSite = `
[app.main]
use = "dir"
fs = "."
filters = ["way"]

[filter.way]
use = "switch"
cases = [
	{ match = ["/public/"], filters = [] },
	{ match = ["/api/", "/v1/"], filters = ["bearer", "seen"] },
	{ match = { from = ["192.0.2.0/24"] }, filters = ["seen"] },
]
else = ["basic"]

[filter.bearer]
use = "response-header"
set = { X-Way = "bearer" }
[filter.seen]
use = "response-header"
set = { X-Seen = "yes" }
[filter.basic]
use = "response-header"
set = { X-Way = "basic" }
`

func TestSwitchOfAFile(t *testing.T) {
	h := load(t, deploy.Builtin(), switchSite)
	for _, c := range []struct{ name, path, peer, way, seen string }{
		{"a case without filters", "/public/x", "192.0.2.1:1", "", ""},
		{"the first that matches", "/api/x", "192.0.2.1:1", "bearer", "yes"},
		{"one of the patterns of a case", "/v1/x", "198.51.100.1:1", "bearer", "yes"},
		{"a later case", "/x", "192.0.2.1:1", "", "yes"},
		{"no case", "/x", "198.51.100.1:1", "basic", ""},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, c.path, nil)
		r.RemoteAddr = c.peer
		h.ServeHTTP(w, r)
		if way, seen := w.Header().Get("X-Way"), w.Header().Get("X-Seen"); way != c.way || seen != c.seen {
			t.Errorf("%s: way %q, seen %q", c.name, way, seen)
		}
	}
}

// TestPeerMeansWhoIsConnected has request-id believe a proxy, inside of trust-proxy.
func TestPeerMeansWhoIsConnected(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["trust-proxy", "request-id"]
		[filter.trust-proxy]
		proxies = ["192.0.2.1/32"]
		[filter.request-id]
		trust = { peer = ["192.0.2.1"] }`)
	for peer, want := range map[string]bool{"192.0.2.1:1": true, "198.51.100.7:1": false, "@": false} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "198.51.100.7")
		r.Header.Set("X-Request-Id", "of-the-proxy")
		if h.ServeHTTP(w, r); (w.Header().Get("X-Request-Id") == "of-the-proxy") != want {
			t.Errorf("from %s the id is %q", peer, w.Header().Get("X-Request-Id"))
		}
	}
}

// TestFromMeansTheClient has a proxy of a network ask for clients of another.
func TestFromMeansTheClient(t *testing.T) {
	const rest = `
		[filter.proxy]
		use = "trust-proxy"
		proxies = ["192.0.2.1/32"]
		[filter.office]
		use = "when"
		match = { from = ["198.51.100.0/24"] }
		filters = ["seen"]
		[filter.seen]
		use = "response-header"
		set = { X-Seen = "yes" }`
	trusting := build(t, t.TempDir(), "[app.main]\nuse = 'echo'\nfilters = ['proxy', 'office']"+rest)
	alone := build(t, t.TempDir(), "[app.main]\nuse = 'echo'\nfilters = ['office']"+rest)
	for name, c := range map[string]struct {
		h           http.Handler
		peer, field string
		want        bool
	}{
		"the client of a proxy":                       {trusting, "192.0.2.1:1", "198.51.100.7", true},
		"another client of it":                        {trusting, "192.0.2.1:1", "203.0.113.1", false},
		"a client whom the proxy does not know":       {trusting, "192.0.2.1:1", "unknown", false},
		"who claims it":                               {trusting, "203.0.113.1:1", "198.51.100.7", false},
		"who claims it with no filter to see through": {alone, "192.0.2.1:1", "198.51.100.7", false},
		"who is connected itself":                     {alone, "198.51.100.7:1", "203.0.113.1", true},
		"an address mapped into IPv6":                 {alone, "[::ffff:198.51.100.7]:1", "", true},
		"over a Unix socket":                          {alone, "@", "", false},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.field)
		if c.h.ServeHTTP(w, r); (w.Header().Get("X-Seen") == "yes") != c.want {
			t.Errorf("%s: seen is %v", name, !c.want)
		}
	}
}

func TestSwitchIsShown(t *testing.T) {
	site, err := deploy.Parse("/srv/site.toml", []byte(switchSite), deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	way := site.Root().Filters[0]
	if len(way.Settings) != 1 || way.Settings[0] != (deploy.Setting{Key: "cases", Value: "/public/; /api/, /v1/; from 192.0.2.0/24"}) {
		t.Errorf("settings %q", way.Settings)
	}
	var refs []string
	for _, r := range way.Refs {
		refs = append(refs, r.Key+" "+r.Match+" "+r.Node.Name)
	}
	want := "cases /api/, /v1/ bearer|cases /api/, /v1/ seen|cases from 192.0.2.0/24 seen|else  basic"
	if got := strings.Join(refs, "|"); got != want {
		t.Errorf("refs %s\nwant %s", got, want)
	}
}

func TestSwitchIsWrong(t *testing.T) {
	for _, c := range []struct{ name, cases, want string }{
		{"a case without a match", `[{ filters = ["recover"] }]`, "case 1 of cases has no match"},
		{"a filter that is none", `[{ match = ["/a"], filters = ["revocer"] }]`, "recover"},
		{"a match that is none", `[{ match = ["a b c"], filters = [] }]`, "write one such as"},
		{"a key that is none", `[{ match = ["/a"], filter = [] }]`, "there is no key \"filter\" here"},
		{"no list", `{ match = ["/a"] }`, "a list is needed here"},
	} {
		text := "[app.main]\nuse = \"dir\"\nfs = \".\"\nfilters = [\"way\"]\n[filter.way]\nuse = \"switch\"\ncases = " + c.cases
		site, err := deploy.Parse("/srv/site.toml", []byte(text), deploy.Builtin())
		if err == nil {
			_, _, err = site.Build()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "site.toml:7") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
