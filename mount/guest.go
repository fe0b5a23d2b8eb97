package mount

import (
	"fmt"
	"net/http"

	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// GuestOptions are the settings of Guest. The zero value is right for most applications.
type GuestOptions struct {
	// Fields says how fields are mapped.
	Fields MapFieldsOptions

	// UserField is the field in which the application reads who is signed in, as rewrite.User
	// says. Empty: X-Remote-User.
	UserField string
}

// Guest returns a handler that serves app, which knows nothing of a prefix, below prefix: At,
// with what such an application needs around it. app may be any handler, a proxy as well as
// a multiplexer.
//
// app is told where it is, in case that it asks: its requests carry the forwarded family
// (X-Forwarded-For, -Proto, -Host, -Port, -Prefix, X-Script-Name and Forwarded of RFC 7239)
// and, where somebody is signed in, UserField. What the client itself says in these fields
// does not reach app, in any spelling, and by Connection it cannot have them dropped on the
// way. What app says in fields of its own goes through MapFields. Who the client is, and what
// it asked for, is what package rewrite says, as for Proxy; Request.Host stays.
//
// Bodies pass as they are, so that a link to "/x" in a page, a style sheet, a script or JSON
// misses the mount; a relative one does not. An application with such links needs its prefix
// in its own configuration, or a host of its own.
//
// Guest answers what At and MapFields answer, and panics as they do, when app is nil, and
// when UserField is no name of a field.
func Guest(prefix string, app http.Handler, o GuestOptions) http.Handler {
	if missing(app) {
		panic(fmt.Sprintf("mount.Guest: app for prefix %q is nil", prefix))
	}
	field := o.UserField
	if field == "" {
		field = "X-Remote-User"
	}
	if !token.Is(field) {
		panic(fmt.Sprintf("mount.Guest: UserField %q is no field name: write one such as \"X-Remote-User\"", field))
	}
	scrub := rewrite.DelFunc(func(name string) bool { return claims(name, field) }) // also CVE-2024-45410
	tell := rewrite.Request(func(r *http.Request) {
		scrub(r.Header)
		forward(r.Header, r, field)
	})
	return At(prefix, MapFields(o.Fields)(tell(app)))
}
