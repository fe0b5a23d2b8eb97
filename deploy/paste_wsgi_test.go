package deploy_test

import (
	"os"
	"testing"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/mount"
)

// A site of PasteDeploy with a Python filter around a Python app, a Python app that inherits, and files.
func TestPasteDeployRunsPython(t *testing.T) {
	const library = "/usr/lib/python3/dist-packages/paste/deploy"
	if _, err := os.Stat(library); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := write(t, "site.ini", `
[DEFAULT]
place = world
[composite:main]
use = egg:Paste#urlmap
/media = media
/loud = loud
/staging = staging
[app:media]
use = egg:Paste#static
document_root = static
[pipeline:loud]
pipeline = shout hello
[app:hello]
paste.app_factory = hello:app
greeting = hello %(place)s 100%%
[app:staging]
use = hello
greeting = staging
[filter:shout]
paste.filter_factory = hello:shout
`, "static/x.txt", "file", "hello.py", `
def app(global_conf, greeting):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [(greeting + " at " + environ["SCRIPT_NAME"]).encode()]
    return application

def shout(global_conf):
    return lambda app: lambda environ, start_response: [piece.upper() for piece in app(environ, start_response)]
`)
	set := deploy.Builtin()
	set["wsgi"] = deploy.App(&mount.WSGI{Dir: ".", Python: "/usr/bin/python3"}, "app!", "dir:folder")
	site, err := deploy.Load(dir+"/site.ini", set)
	if err != nil {
		t.Fatal(err)
	}
	if len(site.Warnings) > 0 {
		t.Errorf("got warnings %v", site.Warnings)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	for url, want := range map[string]string{
		"/media/x.txt": "file", "/loud/": "HELLO WORLD 100% AT /LOUD", "/staging/": "staging at /staging",
	} {
		if status, _, body := get(h, url); status != 200 || body != want {
			t.Errorf("%s: got %d %q, want %q", url, status, body, want)
		}
	}
}
