package mount_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// phpFPM starts php-fpm with some processes and returns its socket.
func phpFPM(t testing.TB, processes int) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/sbin/php-fpm[0-9]*")
	if len(found) == 0 {
		component(t, "/usr/sbin/php-fpm8.2")
		return ""
	}
	dir := t.TempDir()
	socket, config := filepath.Join(dir, "socket"), filepath.Join(dir, "php-fpm.conf")
	text := fmt.Sprintf(`[global]
daemonize = no
error_log = /proc/self/fd/2
log_level = warning
[www]
listen = %s
pm = static
pm.max_children = %d
php_admin_flag[log_errors] = on
php_admin_value[session.save_path] = %s
`, socket, processes, dir)
	if os.Geteuid() == 0 {
		text += "user = root\n"
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(found[len(found)-1], "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", config)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		<-ended
	})
	listens(t, "unix", socket, func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("php-fpm has ended: %v\n%s", err, &said)
		default:
		}
		return true
	})
	return socket
}

// adminer is a PHP application for databases, here with one that it may open.
const adminer = "/usr/share/adminer"

func TestFastCGIServesAdminer(t *testing.T) {
	component(t, adminer+"/adminer.php")
	socket := phpFPM(t, 2)
	data := filepath.Join(t.TempDir(), "data.sqlite")
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "index.php"), []byte(`<?php
function adminer_object() {
	class Open extends Adminer {
		function login($login, $password) { return true; }
		function database() { return "`+data+`"; }
	}
	return new Open;
}
if (!file_exists("`+data+`")) {
	(new PDO("sqlite:`+data+`"))->exec("CREATE TABLE ducks (name TEXT); INSERT INTO ducks VALUES ('Donald'), ('Daisy')");
}
header("X-Who: " . ($_SERVER["REMOTE_USER"] ?? "nobody"));
include "`+adminer+`/adminer.php";
`), 0o600); err != nil {
		t.Fatal(err)
	}
	log := newJournal()
	app := &mount.FastCGI{Servers: []string{socket}, Root: root, Logger: log.logger()}
	defer app.Close()
	server := httptest.NewServer(signedIn("alice", mount.At("/db", app)))
	defer server.Close()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	ask := func(res *http.Response, err error) (string, *http.Response) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || !strings.HasPrefix(res.Request.URL.Path, "/db/") {
			t.Fatalf("%s: %d %v\n%.2000s\n%v", res.Request.URL, res.StatusCode, err, body, log)
		}
		return string(body), res
	}
	page, res := ask(client.Get(server.URL + "/db"))
	if !strings.Contains(page, "<form action=''") || res.Header.Get("X-Who") != "alice" {
		t.Errorf("the first page is %.3000s", page)
	}
	for _, link := range regexp.MustCompile(`(?:href|src)=['"]([^'"]*file=[^'"]*)`).FindAllStringSubmatch(page, -1) {
		address, err := res.Request.URL.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
		if err != nil {
			t.Fatal(err)
		}
		ask(client.Get(address.String()))
	}
	page, res = ask(client.PostForm(server.URL+"/db/", url.Values{"auth[driver]": {"sqlite"}, "auth[server]": {""}, "auth[username]": {""},
		"auth[password]": {""}, "auth[db]": {data}}))
	if !strings.Contains(page, "ducks") {
		t.Fatalf("after the login, %s is %.3000s\n%v", res.Request.URL, page, log)
	}
	query := res.Request.URL.Query()
	query.Set("select", "ducks")
	page, _ = ask(client.Get(server.URL + "/db/?" + query.Encode()))
	if !strings.Contains(page, "Donald") || !strings.Contains(page, "Daisy") {
		t.Errorf("the table is %.3000s", page)
	}
}

// TestFastCGIBusyPHP holds that more requests than php-fpm has processes are all answered.
func TestFastCGIBusyPHP(t *testing.T) {
	socket := phpFPM(t, 1)
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "index.php"), []byte(`<?php echo strlen(file_get_contents("php://input")); error_log("seen");`), 0o600); err != nil {
		t.Fatal(err)
	}
	log := newJournal()
	app := &mount.FastCGI{Servers: []string{socket}, Root: root, Spool: 1 << 20, Logger: log.logger()}
	defer app.Close()
	codes := make(chan string, 30)
	for range cap(codes) {
		go func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", 100_000)))
			app.ServeHTTP(w, r)
			codes <- w.Body.String()
		}()
	}
	for range cap(codes) {
		if got := <-codes; got != "100000" {
			t.Errorf("%q; %v", got, log)
		}
	}
	if !log.has("seen") {
		t.Errorf("the log has nothing of what PHP logged: %v", log)
	}
}
