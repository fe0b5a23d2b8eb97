package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
)

// TestSite asks the site for a Trac that only says what its environ is: testdata is where Python finds it.
func TestSite(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Setenv("PYTHONPATH", "testdata")
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
	server := httptest.NewServer(site())
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	for target, want := range map[string]struct{ env, script, info string }{
		"/tracs/one/":                {"/srv/trac/one", "/tracs/one", "/"},
		"/tracs/two/ticket/7?a=b;c":  {"/srv/trac/two", "/tracs/two", "/ticket/7"},
		"/tracs/two/loginx":          {"/srv/trac/two", "/tracs/two", "/loginx"},
		"/tracs/caf%C3%A9/wiki":      {"/srv/trac/café", "/tracs/café", "/wiki"},
		"/tracs/..%2F..%2Fetc/wiki":  {"/srv/trac/etc", "/tracs/../../etc", "/wiki"},
		"/tracs/a%2F..%2F..%2Fb/a/b": {"/srv/trac/b", "/tracs/a/../../b", "/a/b"},
	} {
		res, err := client.Get(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		var environ map[string]string
		err = json.NewDecoder(res.Body).Decode(&environ)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 {
			t.Errorf("%s is %d: %v", target, res.StatusCode, err)
			continue
		}
		for name, value := range map[string]string{
			"trac.env_path": want.env, "SCRIPT_NAME": want.script, "PATH_INFO": want.info,
			"REMOTE_USER": "alice", "REQUEST_URI": target,
		} {
			if environ[name] != value {
				t.Errorf("%s: %s is %q, want %q", target, name, environ[name], value)
			}
		}
	}
	for target, want := range map[string]string{"/tracs/one/login": "/login", "/tracs/two/logout": "/logout"} {
		res, err := client.Get(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Location"); res.StatusCode != 303 || got != want {
			t.Errorf("%s is %d to %q", target, res.StatusCode, got)
		}
	}
}
