package guest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The fields by which applications that know no CGI are commonly told where they are mounted and who asks.
const (
	scriptNameField = "X-Script-Name"
	userField       = "X-Remote-User"
)

type pair struct{ Name, Value string }

// environment prints what the application was given: the environment that it can tell from the request alone.
func (a *app) environment(w http.ResponseWriter, r *http.Request) {
	var fields []pair
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fields = append(fields, pair{name, strings.Join(r.Header[name], ", ")})
	}
	a.show(w, r, http.StatusOK, "environment.html", "Environment", struct{ Request, Fields []pair }{
		[]pair{
			{"Script name", r.Header.Get(scriptNameField)},
			{"Path info", r.URL.Path},
			{"User", r.Header.Get(userField)},
			{"Query", r.URL.RawQuery},
			{"Method", r.Method},
			{"Host", r.Host},
			{"Protocol", r.Proto},
			{"Client address", r.RemoteAddr},
		}, fields,
	})
}
