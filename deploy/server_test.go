package deploy_test

import (
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
)

const anApp = "[app.main]\nuse = 'dir'\nfs = '.'\n"

// served returns what a file says of its server, with its warnings.
func served(t *testing.T, name, text string) (deploy.Server, string) {
	t.Helper()
	site, err := deploy.Parse(name, []byte(text), deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	warnings := ""
	for _, w := range site.Warnings {
		warnings += w.Error() + "\n"
	}
	return site.Server(), warnings
}

func TestEveryKeyOfAServerComesFromAFile(t *testing.T) {
	got, _ := served(t, "/srv/site.toml", anApp+`
		[server]
		listen = [":443", "http://:8080", "unix:run/weir.sock", "unix:/run/weir.sock", "systemd", "systemd:web"]
		h2c = true
		read-header-timeout = "1s"
		read-timeout = "2s"
		write-timeout = "3s"
		idle-timeout = "4s"
		shutdown-timeout = "5s"
		max-header = "6KiB"
		[server.admin]
		listen = "[::1]:8081"
		pprof = true
		[server.log]
		format = "json"
		level = "warn"
		output = "weir.log"
		[server.acme]
		hosts = ["example.org", "www.example.org"]
		email = "admin@example.org"
		cache = "acme"
		directory = "https://localhost:14000/dir"
		ca = "roots.pem"`)
	want := deploy.Server{
		Listen:            []string{":443", "http://:8080", "unix:/srv/run/weir.sock", "unix:/run/weir.sock", "systemd", "systemd:web"},
		H2C:               true,
		ReadHeaderTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second, IdleTimeout: 4 * time.Second,
		ShutdownTimeout: 5 * time.Second, MaxHeader: 6 << 10,
		Admin: deploy.ServerAdmin{Listen: "[::1]:8081", Pprof: true},
		Log:   deploy.ServerLog{Format: "json", Level: slog.LevelWarn, Output: "/srv/weir.log"},
		ACME: deploy.ServerACME{Hosts: []string{"example.org", "www.example.org"}, Email: "admin@example.org", Cache: "/srv/acme",
			Directory: &url.URL{Scheme: "https", Host: "localhost:14000", Path: "/dir"}, CA: "/srv/roots.pem"},
		TLS: deploy.ServerTLS{MinVersion: "1.2"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	tls, _ := served(t, "/srv/site.toml", anApp+"[server.tls]\ncert = 'c.pem'\nkey = '/etc/k.pem'\nmin-version = '1.3'")
	want.TLS = deploy.ServerTLS{Cert: "/srv/c.pem", Key: "/etc/k.pem", MinVersion: "1.3"}
	if tls.TLS != want.TLS {
		t.Errorf("got %+v, want %+v", tls.TLS, want.TLS)
	}
	mustBeWhole(t, "Server", reflect.ValueOf(want))
}

// mustBeWhole holds that a test sets all fields.
func mustBeWhole(t *testing.T, path string, x reflect.Value) {
	t.Helper()
	for i := range x.NumField() {
		name := path + "." + x.Type().Field(i).Name
		if x.Field(i).IsZero() {
			t.Errorf("%s is not in this test", name)
		} else if x.Field(i).Kind() == reflect.Struct {
			mustBeWhole(t, name, x.Field(i))
		}
	}
}

func TestDefaultsOfAServer(t *testing.T) {
	want := deploy.Server{
		Listen:            []string{"127.0.0.1:8080"},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ShutdownTimeout:   10 * time.Second,
		MaxHeader:         65536,
		TLS:               deploy.ServerTLS{MinVersion: "1.2"},
		Log:               deploy.ServerLog{Format: "text", Output: "stderr"},
	}
	for name, text := range map[string]string{"no section": anApp, "an empty one": anApp + "[server]", "empty ones": anApp + "[server.log]\n[server.admin]\nlisten = ''"} {
		got, warnings := served(t, "site.toml", text)
		if d := got.ACME.Directory; d == nil || d.String() != "https://acme-v02.api.letsencrypt.org/directory" {
			t.Errorf("%s: the directory of ACME is %v", name, d)
		}
		got.ACME.Directory = nil
		if !reflect.DeepEqual(got, want) || warnings != "" {
			t.Errorf("%s: got %+v and warnings %q, want %+v", name, got, warnings, want)
		}
	}
}

func TestValuesOfAServerAreLikeAllOthers(t *testing.T) {
	t.Setenv("WEIR_TEST_TEXT", "127.0.0.1:81")
	got, _ := served(t, "/srv/site.toml", anApp+`
		[server]
		listen = [{ env = "WEIR_TEST_TEXT" }, "${host}:82", "unix:${here}/a"]
		[globals]
		host = "[::1]"`)
	if want := []string{"127.0.0.1:81", "[::1]:82", "unix:/srv/a"}; !reflect.DeepEqual(got.Listen, want) {
		t.Errorf("got %q, want %q", got.Listen, want)
	}
}

func TestAdminIsForThisMachineAlone(t *testing.T) {
	for address, local := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "localhost:1": true, "unix:/a": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "[::ffff:10.0.0.1]:1": false, "example.org:1": false,
		"localhost.example.org:1": false, "127.0.0.1.example.org:1": false, "systemd": false, "systemd:admin": false,
	} {
		_, err := deploy.Parse("site.toml", []byte(anApp+"[server.admin]\nlisten = '"+address+"'"), deploy.Builtin())
		if got := err == nil; got != local {
			t.Errorf("%s: got error %v", address, err)
		}
	}
}

func TestServerOfPasteDeploy(t *testing.T) {
	const app = "[DEFAULT]\nhttp_port = 6543\n[app:main]\nuse = dir\nfs = .\n[server:main]\n"
	const use = `site.ini:7:7: server:main: the program that reads the file is the server instead, by host, port and listen` + "\n"
	for _, test := range []struct{ name, text, listen, warnings string }{
		{"host and port", "use = egg:Paste#http\nhost = 0.0.0.0\nport = 80\n", "0.0.0.0:80", use},
		{"a port is one of the loopback address", "port = %(http_port)s", "127.0.0.1:6543", ""},
		{"a host alone", "host = ::1", "[::1]:8080", ""},
		{"the addresses of waitress", "use = egg:waitress#main\nlisten = *:%(http_port)s [::1]:6543\n", ":6543 [::1]:6543", use},
		{"other keys", "threads = 4\n", "127.0.0.1:8080", "site.ini:7:1: server:main: this does nothing here: only host, port and listen do\n"},
		{"another server", "[server:other]\nport = 80\n", "127.0.0.1:8080",
			"site.ini:7:2: server:other: this does nothing here: only [server:main] of the file that is served counts\n"},
	} {
		got, warnings := served(t, "site.ini", app+test.text)
		if listen := strings.Join(got.Listen, " "); listen != test.listen || warnings != test.warnings {
			t.Errorf("%s: got %q and warnings %q, want %q, %q", test.name, listen, warnings, test.listen, test.warnings)
		}
	}
	_, err := deploy.Parse("site.ini", []byte(app+"port = http"), deploy.Builtin())
	if err == nil || !strings.HasPrefix(err.Error(), "site.ini:7:8: server:main: this is no address to listen at: its port is no number from 0 to 65535") {
		t.Errorf("got error %v", err)
	}
}

func TestServerOfAnotherRootAndNotOfAnotherFile(t *testing.T) {
	dir := write(t, "site.toml", "[app.main]\nuse = 'other.ini#main'\n[server]\nlisten = [':1']",
		"other.ini", "[app:main]\nuse = dir\nfs = .\n[server:main]\nport = 2\n")
	for name, want := range map[string]string{"site.toml": ":1", "other.ini#main": "127.0.0.1:2"} {
		site, err := deploy.Load(filepath.Join(dir, name), deploy.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		if got := site.Server().Listen[0]; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func ExampleSite_Server() {
	site, err := deploy.Parse("site.toml", []byte(`
[server]
listen = [":443"]
tls = { cert = "/etc/weir/cert.pem", key = "/etc/weir/key.pem" }

[app.main]
use = "mounts"
`), deploy.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	server := site.Server()
	fmt.Println(server.Listen, server.TLS.Cert, server.IdleTimeout)
	// Output: [:443] /etc/weir/cert.pem 2m0s
}
