package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/cmd/weir/internal/guest"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// What the stack lets through: enough for a person with a browser, and for a test that follows every link.
const (
	requestRate  = 50       // a second, for each client
	requestBurst = 300      // at once
	maxBody      = 32 << 20 // bytes
)

// site is what is served. The handler and the index page are both made from it, so that the page says what is so.
type site struct {
	Filters []part    // around everything, outermost first
	Mounts  []mounted // longest prefix first
}

// part is a filter and what to say of it.
type part struct {
	Name, Does string
	filter     weir.Filter
}

// mounted is an application and where it is.
type mounted struct {
	At, What string
	Filters  []part // between the mount and the application, outermost first
	app      http.Handler
}

// newSite puts together what the options ask for. Event streams of the guest end when ctx does.
func newSite(ctx context.Context, o options, log *slog.Logger) site {
	s := site{Filters: filters(o, log)}
	if o.cgi != "" {
		s.Mounts = append(s.Mounts, mounted{At: o.at, What: "the CGI program " + filepath.Base(o.cgi), app: cgiProgram(o, log)})
	} else {
		s.Mounts = append(s.Mounts, mounted{
			At: o.at, What: "the embedded guest, which knows nothing of weir",
			Filters: []part{{"rewrite.Request", "tells it the script name in " + scriptNameField + " and the user in " + userField +
				", and drops what the client says there", rewrite.Request(tell)}},
			app: guest.New(ctx),
		})
	}
	for _, f := range o.files {
		s.Mounts = append(s.Mounts, mounted{At: f.at, What: "the files in " + f.dir, app: &mount.Dir{FS: os.DirFS(f.dir), Listing: true}})
	}
	slices.SortStableFunc(s.Mounts, func(a, b mounted) int { return cmp.Compare(len(b.At), len(a.At)) })
	return s
}

// filters is the stack around every mount. What makes an id or a user known stands outside of the log that names them.
func filters(o options, log *slog.Logger) []part {
	parts := []part{{"filter.RequestID", "gives every request an id", filter.RequestID(filter.RequestIDOptions{})}}
	if o.user != "" {
		parts = append(parts, part{"rewrite.User", fmt.Sprintf("says that %q is signed in, whoever asks", o.user),
			rewrite.Request(rewrite.User.Set(o.user))})
	}
	return append(parts,
		part{"filter.AccessLog", "logs each request when it has been served", filter.AccessLog(filter.AccessLogOptions{Logger: log})},
		part{"filter.Recover", "turns a panic into a 500, or cuts what has begun", filter.Recover(filter.RecoverOptions{Logger: log})},
		part{"filter.RateLimit", fmt.Sprintf("lets each client have %d requests a second, %d at once", requestRate, requestBurst),
			filter.RateLimit(requestRate, requestBurst, filter.RateLimitOptions{})},
		part{"filter.Compress", "compresses answers that are worth it with zstd or gzip", filter.Compress(filter.CompressOptions{})},
		part{"filter.MaxBody", fmt.Sprintf("refuses bodies of more than %d MiB", maxBody>>20), filter.MaxBody(maxBody)})
}

// stack returns the parts as a chain of filters.
func stack(parts []part, app http.Handler) http.Handler {
	list := make([]weir.Filter, 0, len(parts))
	for _, p := range parts {
		list = append(list, p.filter)
	}
	return weir.Stack(list...).Then(app)
}

// handler returns the site as it is served. It does not go through http.ServeMux, which would clean the paths that the
// applications are to see as they came.
func (s site) handler() http.Handler {
	index := s.index()
	apps := make([]http.Handler, 0, len(s.Mounts))
	for _, m := range s.Mounts {
		apps = append(apps, mount.At(strings.TrimSuffix(m.At, "/"), stack(m.Filters, m.app)))
	}
	return stack(s.Filters, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i, m := range s.Mounts {
			if strings.HasPrefix(r.URL.Path+"/", m.At) {
				apps[i].ServeHTTP(w, r)
				return
			}
		}
		index.ServeHTTP(w, r)
	}))
}
