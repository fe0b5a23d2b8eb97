package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

func redirectRules() []rule {
	return []rule{{
		id:     "N33",
		text:   "a filter redirects to no host that the request's path or its forwarding fields name",
		reason: "a link to this site that ends on another one is what phishing is made of",
		ref:    "CWE-601; WHATWG URL, 4.4",
		check:  openRedirect,
	}}
}

const evil = "evil.example"

// lures are paths that a browser reads as another host when they come back as a Location.
var lures = [...]string{
	"//evil.example", "//evil.example/", "///evil.example/", "////evil.example//", "//evil.example/%2e%2e/",
	"//evil.example//a/..",
	`/\evil.example`, `/\evil.example/`, `/\/evil.example/`, `/\\evil.example/`, "/%5cevil.example/", "/%5c%5cevil.example",
	"/%2fevil.example/", "/%2f/evil.example", "/%2f%2fevil.example/", "/%09/evil.example/", "/%0a/evil.example/",
	"/%0d%0a/evil.example/", "/%20//evil.example/", "/.//evil.example/", "/a/..//evil.example/", "/%2e%2e//evil.example/",
	"/@evil.example/", "/https://evil.example/", "/https:evil.example/",
	"/?next=//evil.example/&url=https://evil.example/&return_to=%2f%5cevil.example&redirect=%09//evil.example",
}

// spoofs are fields by which a client could name another host, prefix or scheme.
var spoofs = [...][2]string{
	{"", ""},
	{"X-Forwarded-Host", evil}, {"Forwarded", "host=" + evil + ";proto=https"}, {"X-Host", evil},
	{"X-Forwarded-Server", evil}, {"X-Http-Host-Override", evil}, {"X-Original-Host", evil},
	{"Referer", "https://" + evil + "/"}, {"Origin", "https://" + evil}, {"X-Forwarded-Prefix", "//" + evil},
	{"X-Script-Name", `/\` + evil}, {"X-Original-Url", "//" + evil + "/"}, {"X-Rewrite-Url", "//" + evil + "/"},
	{"X-Forwarded-Uri", "//" + evil + "/"}, {"X-Forwarded-Proto", "https://" + evil + "/"}, {"X-Forwarded-Port", "80@" + evil},
}

// openRedirect sends every lure as it is, and a few with each spoof.
func openRedirect(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	if _, err := at.get("/"); err != nil {
		return err
	}
	for i, spoof := range spoofs {
		paths := lures[:]
		if i > 0 {
			paths = []string{"/", "/a/", "//evil.example/"}
		}
		for _, path := range paths {
			r := at.request("GET", "/", nil)
			if spoof[0] != "" {
				r.Header.Set(spoof[0], spoof[1])
			}
			aim(r, path)
			a := at.send(r)
			if a.cut != nil {
				return fmt.Errorf("%s: no complete response came: %w", path, a.cut)
			}
			host, elsewhere := leads(a.Header.Get("Location"))
			if elsewhere && host != strings.ToLower(r.URL.Hostname()) {
				return fmt.Errorf("GET %s with %s: %s was answered with %d and Location: %q, which leads to %q",
					path, spoof[0], spoof[1], a.StatusCode, a.Header.Get("Location"), host)
			}
		}
	}
	return nil
}

// aim makes target the request's target byte for byte.
func aim(r *http.Request, target string) {
	if !strings.HasPrefix(target, "//") { // of that kind net/url makes an absolute URL
		r.URL.Opaque = target
		return
	}
	r.URL.RawPath, r.URL.RawQuery, _ = strings.Cut(target, "?")
	r.URL.Path, _ = url.PathUnescape(r.URL.RawPath)
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// leads reads a Location as a browser does and says which host it names, if it names one: control characters go, a
// backslash is a slash, and any number of slashes will do behind a scheme.
func leads(location string) (host string, elsewhere bool) {
	location = strings.TrimFunc(location, func(c rune) bool { return c <= ' ' })
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(location)
	rest := location
	if name := scheme.FindString(location); name != "" {
		rest = location[len(name):]
		if name = strings.ToLower(name); name != "http:" && name != "https:" {
			return location, true // javascript: and its like
		}
	} else if !strings.HasPrefix(location, "//") {
		return "", false
	}
	rest = strings.TrimLeft(rest, "/")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	rest = rest[strings.LastIndex(rest, "@")+1:]
	if port := strings.LastIndex(rest, ":"); port > strings.LastIndex(rest, "]") {
		rest = rest[:port]
	}
	return strings.ToLower(strings.Trim(rest, "[]")), true
}
