package mount

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// MapFieldsOptions are the settings of MapFields. The zero value is for an application that
// knows the host that the client asked for, as X-Forwarded-Host says, and whose cookies
// nobody else reads.
type MapFieldsOptions struct {
	// Hosts are those by which the application calls itself besides the public one: that of
	// a proxy's target, "localhost:3000". A host without a port is the one at port 80 or
	// 443. References to them become references to the public host, which is
	// rewrite.NamedHost, by rewrite.SchemeOf.
	Hosts []string

	// CookiePrefix goes before the names of the application's cookies, so that two
	// applications of one host can both have a "sid": with "wiki-" it is "wiki-sid" to the
	// client, and "__Host-sid" is "__Host-wiki-sid". The application gets those cookies
	// that have the prefix, without it, and no other. Scripts see the names with the
	// prefix. Empty: cookies keep their names, and the application gets those of the whole
	// host.
	CookiePrefix string

	// KeepCookies are names that CookiePrefix does not go before, as for XSRF-TOKEN, which
	// scripts look for. The application gets them as they are.
	KeepCookies []string

	// HostCookies are names of cookies, as the client knows them, that belong to the host:
	// the application neither gets nor sets them. Name the cookies of your own sign-on
	// here. With this or CookiePrefix, the application cannot set a cookie without a
	// name, either, since one comes back as any that it likes.
	HostCookies []string

	// WholeOrigin trusts the application with what holds for the whole origin, or beyond:
	// the fields that MapFields drops otherwise, a Service-Worker-Allowed that leaves the
	// mount, and the Domain of cookies.
	WholeOrigin bool
}

// MapFields returns a filter that mends what an application says in fields which takes itself
// to live at the root of a host, so that it comes out right for where it lives: below "/app"
// its "Location: /login" is "Location: /app/login". It belongs inside of what mounts the
// application, such as At, and takes the prefix from rewrite.EscapedScriptName.
//
// References are mapped in Location, Content-Location, Refresh, Link, SourceMap,
// X-SourceMap, Reporting-Endpoints, report-uri of Content-Security-Policy and its
// -Report-Only, HX-Redirect, HX-Location, HX-Push-Url, HX-Replace-Url, X-Inertia-Location,
// X-PJAX-URL, Turbo-Location, Turbolinks-Location and Service-Worker-Allowed. A path gets
// the prefix, and so does a URL of the public host or of one of the Hosts. References to
// other hosts, relative ones, and those that have the prefix already, in any spelling, stay
// byte for byte, so that MapFields may stand inside of MapFields. An application that owns
// a path "/app/x" below "/app" cannot be told from one that knows its prefix: that path
// stays.
//
// Dot segments, backslashes, tabs and needless slashes count as they do to a browser (WHATWG
// URL). Dots that lead out of the mount lead to its root. What would come out as another
// host without saying so plainly, as `/\evil.example` and "https:evil.example" do, is a path
// below the prefix. So is "//evil.example" in the answer to a request whose own path below
// the mount begins with two slashes, since it may be that path, sent back.
//
// Set-Cookie gets the prefix in its Path, and its Domain is dropped. One without a Path
// stays, since the client takes the path of the request. A "__Host-" cookie must keep
// "Path=/": only CookiePrefix sets it apart. A Path keeps cookies in order; it keeps none
// secret from the other applications of the host.
//
// Fields that speak for the whole origin are dropped: Strict-Transport-Security,
// Public-Key-Pins, Clear-Site-Data, Alt-Svc, NEL, Report-To, Origin-Agent-Cluster and
// Set-Login; and Service-Worker-Allowed where it names another host.
//
// On the way in the prefix is taken off Referer, HX-Current-URL, the tags of If and, of COPY
// and MOVE, Destination, where they lead into the mount. Another Destination is answered
// 502 here (RFC 4918 section 9.8.5). Origin stays. A request with nothing to edit is handed
// on as it is.
//
// At the root, where the script name is empty, there is nothing to map but Hosts, names of
// cookies, and what only looks like a path; nothing is dropped. Never changed are the body,
// trailers, the head of an informational response (the Link of a 103 misses the mount), and
// what an application writes itself to a connection that it hijacked, such as the
// Set-Cookie of a WebSocket's handshake.
//
// MapFields panics when one of the Hosts is no host, or CookiePrefix cannot begin a name.
func MapFields(o MapFieldsOptions) func(http.Handler) http.Handler {
	if fault := o.fault(); fault != "" {
		panic("mount.MapFields: " + fault)
	}
	o.Hosts, o.KeepCookies, o.HostCookies = slices.Clone(o.Hosts), slices.Clone(o.KeepCookies), slices.Clone(o.HostCookies)
	hook := func(h *capture.Head, _ io.Writer) io.WriteCloser {
		o.mapHead(h)
		return nil
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("mount.MapFields: next is nil")
		}
		inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, hook)
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch edited, ok := o.mapRequest(r); {
			case !ok:
				http.Error(w, "502 the Destination is outside of this application", http.StatusBadGateway)
			case edited == r:
				inside(w, r)
			default:
				rewrite.Serve(w, r, edited, inside)
			}
		})
	}
}

// fault says what is wrong with o and what to write instead; empty: nothing.
func (o *MapFieldsOptions) fault() string {
	for _, host := range o.Hosts {
		if !plainAuthority(host) || strings.Contains(host, "@") {
			return fmt.Sprintf("host %q is none: write a host alone, such as \"localhost:3000\"", host)
		}
	}
	if o.CookiePrefix != "" && !token.Is(o.CookiePrefix) {
		return fmt.Sprintf("CookiePrefix %q cannot begin the name of a cookie: write letters, digits and hyphens", o.CookiePrefix)
	}
	return ""
}

// fieldEdits are the fields of an answer that are mapped.
var fieldEdits = map[string]fieldEdit{
	"Location": place.reference, "Content-Location": place.reference, // RFC 9110 sections 10.2.2 and 8.7
	"Refresh": place.refresh, "Link": place.links, "Set-Cookie": place.setCookie,
	"Sourcemap": place.reference, "X-Sourcemap": place.reference, // ECMA-426 section 11.1.1
	"Hx-Redirect": place.reference, "Hx-Push-Url": place.reference, "Hx-Replace-Url": place.reference, "Hx-Location": place.ajax,
	"X-Inertia-Location": place.reference, "X-Pjax-Url": place.reference,
	"Turbo-Location": place.reference, "Turbolinks-Location": place.reference,
	"Content-Security-Policy": place.policy, "Content-Security-Policy-Report-Only": place.policy,
	"Reporting-Endpoints":    place.endpoints, // for one document, unlike Report-To
	"Service-Worker-Allowed": place.scope,

	"Strict-Transport-Security": place.origin, // forces TLS on every port and path of the host
	"Public-Key-Pins":           place.origin, // can lock clients out of the host
	"Clear-Site-Data":           place.origin, // signs out of, and empties, every application
	"Alt-Svc":                   place.origin, // sends the requests for all to another server
	"Nel":                       place.origin, // reports on the requests for all
	"Report-To":                 place.origin, // says who gets the reports of all
	"Origin-Agent-Cluster":      place.origin, // the first document decides for those of all
	"Set-Login":                 place.origin, // says whether the user is signed in to the origin
}

// mapHead maps the fields of an answer.
func (o *MapFieldsOptions) mapHead(h *capture.Head) {
	var p place
	for name, values := range h.Header {
		edit, ok := fieldEdits[name]
		if !ok {
			edit, ok = fieldEdits[http.CanonicalHeaderKey(name)]
		}
		if !ok {
			continue
		}
		if p.options == nil {
			p = placeOf(h.Request, o)
		}
		p.mapField(h.Header, name, values, edit)
	}
}

// mapField maps the lines of one field. They may be a slice that the application shares.
func (p place) mapField(h http.Header, name string, values []string, edit fieldEdit) {
	var lines []string
	for i, value := range values {
		mapped, ok := edit(p, value)
		if lines == nil {
			if ok && mapped == value {
				continue
			}
			lines = append(make([]string, 0, len(values)), values[:i]...)
		}
		if ok {
			lines = append(lines, mapped)
		}
	}
	switch {
	case lines == nil:
	case len(lines) == 0:
		delete(h, name)
	default:
		h[name] = lines
	}
}
