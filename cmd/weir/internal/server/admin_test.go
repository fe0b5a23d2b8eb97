package server_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
	"github.com/weirhttp/weir/deploy"
)

func admin(t *testing.T, pprof bool) *serving {
	t.Helper()
	return start(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "127.0.0.1:0", Pprof: pprof}}, hello, nil)
}

func TestTheAdminListener(t *testing.T) {
	for _, test := range []struct {
		name, path string
		pprof      bool
		status     int
		want       string // in the body
	}{
		{"the index", "", true, 200, `<a href="/debug/pprof/">`},
		{"the index without profiles", "", false, 200, "<code>pprof = true</code>"},
		{"health", "healthz", false, 200, "ok\n"},
		{"readiness", "readyz", false, 200, "ok\n"},
		{"metrics", "metrics", false, 200, "# TYPE go_goroutines gauge"},
		{"the profiles", "debug/pprof/", true, 200, "goroutine"},
		{"a profile", "debug/pprof/goroutine?debug=1", true, 200, "goroutine profile:"},
		{"the command line", "debug/pprof/cmdline", true, 200, "test"},
		{"no profiles if nobody asked for them", "debug/pprof/", false, 404, ""},
		{"no profile if nobody asked for them", "debug/pprof/heap", false, 404, ""},
		{"nothing else", "x", true, 404, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, body := get(t, client(t, nil), admin(t, test.pprof).AdminURL()+test.path)
			if res.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("%d, want %d; body %q, want %q in it", res.StatusCode, test.status, body, test.want)
			}
		})
	}
}

func TestBeforeItServes(t *testing.T) {
	v := listen(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "127.0.0.1:0"}})
	for path, want := range map[string]int{"healthz": 200, "readyz": 503, "metrics": 200} {
		if res, _ := get(t, client(t, nil), v.AdminURL()+path); res.StatusCode != want {
			t.Errorf("/%s has status %d", path, res.StatusCode)
		}
	}
	v.serve(hello, nil)
	get(t, client(t, nil), v.URLs()[0])
	if res, _ := get(t, client(t, nil), v.AdminURL()+"readyz"); res.StatusCode != 200 {
		t.Errorf("when it serves, /readyz has status %d", res.StatusCode)
	}
}

func TestTheIndexNamesTheSite(t *testing.T) {
	v := admin(t, false)
	if _, body := get(t, client(t, nil), v.AdminURL()); !strings.Contains(body, "It is ready and serves <code>"+v.URLs()[0]+"</code>.") {
		t.Error(body)
	}
}

func TestWhoMayAskTheAdminListener(t *testing.T) {
	v := admin(t, true)
	port := strings.TrimPrefix(strings.TrimSuffix(v.AdminURL(), "/"), "http://127.0.0.1")
	for _, test := range []struct {
		name, field string
		status      int
	}{
		{"its address", "Host: 127.0.0.1" + port, 200},
		{"another loopback address", "Host: 127.1.2.3", 200},
		{"that of IPv6", "Host: [::1]" + port, 200},
		{"localhost", "Host: LocalHost" + port, 200},
		{"a name that was made to lead here", "Host: evil.example" + port, 421},
		{"one that begins like a loopback address", "Host: 127.0.0.1.evil.example", 421},
		{"one that ends like localhost", "Host: evil.localhost.example", 421},
		{"any address", "Host: 0.0.0.0" + port, 421},
		{"a link on a page of this server", "Sec-Fetch-Site: same-origin", 200},
		{"a page of another site", "Sec-Fetch-Site: cross-site", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			if res, _ := get(t, client(t, nil), v.AdminURL()+"healthz", test.field); res.StatusCode != test.status {
				t.Errorf("status %d, want %d", res.StatusCode, test.status)
			}
		})
	}
}

func TestTheAdminListenerAtAUnixSocketHasAnyName(t *testing.T) {
	path := filepath.Join(socketDir(t), "admin")
	v := start(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "unix:" + path}}, hello, nil)
	ready(t, overUnix(t, path), "http://weir/")
	if v.AdminURL() != "unix:"+path {
		t.Error(v.AdminURL())
	}
}

func TestWhereAnAdminListenerCannotBe(t *testing.T) {
	taken := tcp(t).Addr().String()
	site := filepath.Join(socketDir(t), "site")
	for _, test := range []struct{ name, address, want string }{
		{"all addresses", ":0", "others than this machine can reach :0"},
		{"one of the network", "0.0.0.0:0", "others than this machine can reach 0.0.0.0:0"},
		{"a port that is taken", taken, "[server.admin] listen: " + taken + " is taken"},
		{"a socket of systemd", "systemd:admin", "[server.admin] listen: systemd:admin: there is no such socket"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := deploy.Server{Listen: []string{"unix:" + site}, Admin: deploy.ServerAdmin{Listen: test.address}}
			v, err := server.Listen(s, slog.New(slog.DiscardHandler))
			if err == nil {
				v.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if _, err := os.Lstat(site); err == nil {
				t.Error("the address of the site is still open")
			}
		})
	}
}

// net/http/pprof registers its handlers with http.DefaultServeMux, which is never served.
func TestProfilesAreNotPartOfTheSite(t *testing.T) {
	v := start(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "127.0.0.1:0", Pprof: true}}, http.NotFoundHandler(), nil)
	if res, _ := get(t, client(t, nil), v.URLs()[0]+"debug/pprof/"); res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
}
