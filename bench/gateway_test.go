package bench_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// servers are what TestMain can be.
var servers = map[string]func() http.Handler{
	"wsgi": func() http.Handler {
		return &mount.WSGI{App: "app", Python: "/usr/bin/python3", Dir: "testdata", Processes: workers, Threads: clients / workers}
	},
	"proxy": func() http.Handler { return &mount.Proxy{Socket: os.Getenv("BENCH_BACKEND")} },
	"fastcgi": func() http.Handler {
		return &mount.FastCGI{Servers: []string{os.Getenv("BENCH_BACKEND")}, Root: "testdata", Front: "index.php"}
	},
}

// workers is how many processes each server of an application has.
const workers = 2

// sizes are those of the bodies of testdata's applications, in bytes, by path.
var sizes = []struct {
	name, path string
	size       int64
}{{"hello", "/hello", 13}, {"20KiB", "/page", 16 + 394*52}}

func BenchmarkWSGI(b *testing.B) {
	for _, s := range sizes {
		for _, c := range []struct {
			lib   string
			start func(p *programs, front string)
		}{
			{"weir", func(p *programs, front string) { p.weir("wsgi", front) }},
			{"nginx+uwsgi", func(p *programs, front string) { uwsgi(p); nginx(p, front, "uwsgi") }},
			{"weir+gunicorn", func(p *programs, front string) {
				gunicorn(p)
				p.weir("proxy", front, "BENCH_BACKEND="+p.path("backend"))
			}},
			{"nginx+gunicorn", func(p *programs, front string) { gunicorn(p); nginx(p, front, "proxy") }},
		} {
			b.Run("body="+s.name+"/lib="+c.lib, func(b *testing.B) {
				p := newPrograms(b)
				front := p.path("front")
				c.start(p, front)
				p.measure(b, front, s.path, s.size)
			})
		}
	}
}

func BenchmarkFastCGI(b *testing.B) {
	for _, s := range sizes {
		for _, c := range []struct {
			lib   string
			start func(p *programs, front string)
		}{
			{"weir", func(p *programs, front string) { php(p); p.weir("fastcgi", front, "BENCH_BACKEND="+p.path("backend")) }},
			{"nginx", func(p *programs, front string) { php(p); nginx(p, front, "fastcgi") }},
		} {
			b.Run("body="+s.name+"/lib="+c.lib, func(b *testing.B) {
				p := newPrograms(b)
				front := p.path("front")
				c.start(p, front)
				p.measure(b, front, s.path, s.size)
			})
		}
	}
}

func write(p *programs, name, text string) string {
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		p.tb.Fatal(err)
	}
	return p.path(name)
}

// nginx listens at front and asks the backend by a protocol.
func nginx(p *programs, front, protocol string) {
	testdata, _ := filepath.Abs("testdata")
	pass := ""
	switch protocol {
	case "proxy":
		pass = `proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";`
	case "uwsgi":
		pass = "include /etc/nginx/uwsgi_params; uwsgi_pass backend;"
	case "fastcgi":
		pass = "include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME " + testdata + "/index.php; fastcgi_pass backend;"
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	config := write(p, "nginx.conf", fmt.Sprintf(`daemon off; worker_processes 1; pid %s; error_log stderr; %s
events { worker_connections 512; }
http {
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path %[3]s; proxy_temp_path %[3]s; fastcgi_temp_path %[3]s; uwsgi_temp_path %[3]s; scgi_temp_path %[3]s;
	upstream backend { server unix:%s; }
	server { listen unix:%s; location / { %s } }
}
`, p.path("nginx.pid"), user, p.path("tmp"), p.path("backend"), front, pass))
	p.start(front, nil, "/usr/sbin/nginx", "-e", "stderr", "-c", config)
}

func gunicorn(p *programs) {
	p.start(p.path("backend"), nil, "/usr/bin/gunicorn", "--chdir", "testdata", "--workers", fmt.Sprint(workers), "--bind", "unix:"+p.path("backend"), "app")
}

func uwsgi(p *programs) {
	p.start(p.path("backend"), nil, "/usr/bin/uwsgi-core", "--plugin", "python3", "--socket", p.path("backend"), "--chdir", "testdata", "--module", "app",
		"--processes", fmt.Sprint(workers), "--master", "--die-on-term", "--disable-logging")
}

func php(p *programs) {
	user := ""
	if os.Geteuid() == 0 {
		user = "user = root"
	}
	config := write(p, "php.conf", fmt.Sprintf("[global]\nerror_log = /proc/self/fd/2\n[www]\nlisten = \"%s\"\npm = static\npm.max_children = %d\n%s\n",
		p.path("backend"), workers, user))
	found, _ := filepath.Glob("/usr/sbin/php-fpm[0-9]*")
	p.start(p.path("backend"), nil, strings.Join(append(found, "/usr/sbin/php-fpm")[:1], ""), "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", config)
}
