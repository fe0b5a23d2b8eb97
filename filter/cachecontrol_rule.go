package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhttp/weir/internal/token"
)

// CacheRule is what caches may do with some responses. Without a directive, these are left as they are.
type CacheRule struct {
	// Types are the media types that the rule is about, such as "text/css" or "image/*". Nil means all, and also
	// responses without a type.
	Types []string

	// Statuses are the status codes that the rule is about. Nil means those of a success or redirect that a cache may
	// keep by itself: 200, 203, 204, 206, 300, 301 and 308; and 304, which speaks of one of them. A rule about errors,
	// such as 404, has to name them.
	Statuses []int

	// MaxAge is how long a response is fresh (max-age), in whole seconds. 0 means that nothing is said.
	MaxAge time.Duration

	// SharedMaxAge is the same for caches of many users alone (s-maxage).
	SharedMaxAge time.Duration

	// StaleWhileRevalidate is for how long a cache may go on using the response when it is stale, while it asks for a new
	// one (RFC 5861 §3), in whole seconds. 0 means that nothing is said.
	StaleWhileRevalidate time.Duration

	// StaleIfError is for how long a cache may go on using the response when it is stale, if asking for a new one gets it
	// an error (RFC 5861 §4), in whole seconds. 0 means that nothing is said.
	StaleIfError time.Duration

	// Public lets caches of many users keep the response, whatever else speaks against it.
	Public bool

	// Private keeps the response from caches of many users.
	Private bool

	// NoStore lets nobody keep the response.
	NoStore bool

	// NoCache lets nobody use the response again without asking.
	NoCache bool

	// MustRevalidate lets nobody use the response when it is stale, even where the server cannot be reached.
	MustRevalidate bool

	// Immutable says that while it is fresh, nobody need ask, even when the user reloads the page (RFC 8246): for
	// resources whose URL changes with their content.
	Immutable bool

	// NoTransform lets nobody on the way change the body. That includes filters further out, such as Compress.
	NoTransform bool

	// Personal has Public and SharedMaxAge hold as well for responses that are meant for one person. That
	// is rarely right.
	Personal bool
}

// cacheable are the statuses that a rule is about if it names none (RFC 9110 §15.1).
var cacheable = [...]int{200, 203, 204, 206, 300, 301, 304, 308}

// fault says what makes no sense in a rule.
func (r CacheRule) fault() string {
	for _, t := range r.Types {
		major, minor, _ := strings.Cut(t, "/")
		if !token.Is(major) || !token.Is(minor) || major == "*" && minor != "*" {
			return fmt.Sprintf("has Types with %q: write one such as \"text/css\" or \"image/*\"", t)
		}
	}
	for _, s := range r.Statuses {
		if s < 200 || s > 999 {
			return fmt.Sprintf("has Statuses with %d, which is no final status", s)
		}
	}
	for name, d := range map[string]time.Duration{"MaxAge": r.MaxAge, "SharedMaxAge": r.SharedMaxAge,
		"StaleWhileRevalidate": r.StaleWhileRevalidate, "StaleIfError": r.StaleIfError} {
		if d < 0 || d%time.Second != 0 {
			return fmt.Sprintf("has a %s of %v, no whole number of seconds", name, d)
		}
	}
	fresh := r.MaxAge > 0 || r.SharedMaxAge > 0
	stale := r.StaleWhileRevalidate > 0 || r.StaleIfError > 0
	switch {
	case r.Private && (r.Public || r.SharedMaxAge > 0 || r.Personal):
		return "is Private, and Public, SharedMaxAge or Personal"
	case r.NoStore && (fresh || stale || r.Public || r.Private || r.NoCache || r.MustRevalidate || r.Immutable):
		return "has NoStore, and more than NoTransform with it"
	case r.NoCache && (fresh || stale || r.Immutable):
		return "has NoCache, and how long a response is fresh"
	case !fresh && (stale || r.Immutable):
		return "says what happens to fresh and stale responses without MaxAge"
	}
	return ""
}

// made returns the rule ready for use.
func (r CacheRule) made() cacheRule {
	made := cacheRule{statuses: slices.Clone(r.Statuses), shared: r.directives()}
	for _, t := range r.Types {
		made.types = append(made.types, strings.ToLower(t))
	}
	if len(made.statuses) == 0 {
		made.statuses = cacheable[:]
	}
	made.personal = made.shared
	if !r.Personal && !r.NoStore && made.shared != "" {
		r.Public, r.SharedMaxAge, r.Private = false, 0, true
		made.personal = r.directives()
	}
	return made
}

// directives returns the value of Cache-Control.
func (r CacheRule) directives() string {
	var list []string
	for _, d := range []struct {
		name string
		said bool
		age  time.Duration
	}{
		{"public", r.Public, 0}, {"private", r.Private, 0}, {"no-store", r.NoStore, 0}, {"no-cache", r.NoCache, 0},
		{"max-age", r.MaxAge > 0, r.MaxAge}, {"s-maxage", r.SharedMaxAge > 0, r.SharedMaxAge},
		{"must-revalidate", r.MustRevalidate, 0}, {"no-transform", r.NoTransform, 0}, {"immutable", r.Immutable, 0},
		{"stale-while-revalidate", r.StaleWhileRevalidate > 0, r.StaleWhileRevalidate},
		{"stale-if-error", r.StaleIfError > 0, r.StaleIfError},
	} {
		if d.said && d.age > 0 {
			d.name += "=" + strconv.FormatInt(int64(d.age/time.Second), 10)
		}
		if d.said {
			list = append(list, d.name)
		}
	}
	return strings.Join(list, ", ")
}
