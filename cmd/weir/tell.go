package main

import (
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// The fields by which the guest is told what CGI would tell it in SCRIPT_NAME and REMOTE_USER.
const (
	scriptNameField = "X-Script-Name"
	userField       = "X-Remote-User"
)

// tell edits a request so that it says in plain fields where the application is mounted and who is signed in. Whatever
// the client sent under those names goes, in any spelling that an application may take for them.
func tell(r *http.Request) {
	for name := range r.Header {
		switch http.CanonicalHeaderKey(strings.NewReplacer("_", "-", ".", "-").Replace(name)) {
		case scriptNameField, userField, "Remote-User", "Script-Name":
			delete(r.Header, name)
		}
	}
	r.Header.Set(scriptNameField, rewrite.EscapedScriptName(r))
	if user, ok := rewrite.User.Value(r.Context()); ok {
		r.Header.Set(userField, user)
	}
}
