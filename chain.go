// Package weir stacks small filters around any [http.Handler].
//
// A filter is a func(http.Handler) http.Handler, unnamed, so that those of
// this module, of chi, of gorilla and your own fit one another without
// conversion. The packages below this one have them: filter the ready-made
// ones, rewrite those that edit the environment of a request and the response
// on its way, mount whole applications, capture what it takes to write a
// filter of your own that looks at a response.
package weir

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/justinas/alice"
)

// Filter is what every filter is. It is an alias: a plain function fits.
type Filter = func(http.Handler) http.Handler

// Stack stacks filters, outermost first: Stack(a, b).Then(app) is
// a(b(app)). The result can be used for several applications, each of which
// gets filters bound anew; what a filter keeps, such as the counts of a rate
// limit, it keeps for all of them. A stack is a filter itself, by its method
// Then. A nil filter panics.
func Stack(filters ...Filter) alice.Chain { return stack("Stack", filters) }

func stack(caller string, filters []Filter) alice.Chain {
	constructors := make([]alice.Constructor, len(filters))
	for i, f := range filters {
		if f == nil {
			panic(fmt.Sprintf("weir.%s: filter %d is nil", caller, i+1))
		}
		constructors[i] = f
	}
	return alice.New(constructors...)
}

// When applies the filters to the requests that match, and hands the others
// to the application as they are. Both branches are built once, when the stack
// is made.
func When(match func(*http.Request) bool, filters ...Filter) Filter {
	if match == nil {
		panic("weir.When: match is nil")
	}
	chain := stack("When", filters)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("weir.When: next is nil")
		}
		filtered := chain.Then(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if match(r) {
				filtered.ServeHTTP(w, r)
			} else {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// Branch is a part of a [Switch]: some filters, and the requests that go
// through them. Case and Else make it.
type Branch struct {
	match func(*http.Request) bool // of Else it is nil
	chain alice.Chain
	made  bool
}

// Case is the branch of the requests that match, which go through the filters:
// with none, straight to the application. A nil match panics, and a nil filter.
func Case(match func(*http.Request) bool, filters ...Filter) Branch {
	if match == nil {
		panic("weir.Case: match is nil")
	}
	return Branch{match, stack("Case", filters), true}
}

// Else is the branch of the requests that no case before it matches. A nil filter
// panics.
func Else(filters ...Filter) Branch { return Branch{nil, stack("Else", filters), true} }

// Switch applies the filters of the first branch that a request matches, and of
// no other one. Matches are asked in their order, until one says yes; a request
// that none matches goes to the application as it is, unless there is an Else,
// which can only be the last. All branches are built once, when the stack is
// made. No branch, or one that neither Case nor Else made, panics.
func Switch(branches ...Branch) Filter {
	if len(branches) == 0 {
		panic("weir.Switch: there is no branch")
	}
	for i, b := range branches {
		if !b.made {
			panic(fmt.Sprintf("weir.Switch: branch %d is empty: make it with Case or Else", i+1))
		}
		if b.match == nil && i < len(branches)-1 {
			panic(fmt.Sprintf("weir.Switch: branch %d is an Else, but not the last", i+1))
		}
	}
	branches = slices.Clone(branches)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("weir.Switch: next is nil")
		}
		filtered := make([]http.Handler, len(branches))
		for i, b := range branches {
			filtered[i] = b.chain.Then(next)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i, b := range branches {
				if b.match == nil || b.match(r) {
					filtered[i].ServeHTTP(w, r)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Pattern matches requests by the patterns of [http.ServeMux], such as
// "/static/", "GET /items/{id}" or "example.org/". It looks at the path below
// the script name, as a mounted mux does, and edits nothing. Only what a mux
// would serve matches, not what it would redirect: "/static/" is not
// "/static", nor "//static/". Nor does a path match that some application may
// read as another, such as "/public/%2e%2e/admin". So protect all but what you
// name, as in When(Not(Pattern("/public/")), auth), and not the other way
// round. A host in a pattern is compared with Request.Host as it is but for the
// port, in its case of letters, and whatever a filter such as filter.TrustProxy
// found out. A malformed pattern, or two that conflict, panic.
func Pattern(patterns ...string) func(*http.Request) bool {
	mux, match := http.NewServeMux(), new(matched)
	for _, pattern := range patterns {
		mux.Handle(pattern, match)
	}
	return func(r *http.Request) bool {
		h, _ := mux.Handler(r)
		return h == http.Handler(match) && !ambiguous(r.URL.Path)
	}
}

// ambiguous says whether applications differ in where a decoded path leads:
// by dots, by doubled slashes, by backslashes taken for slashes, by decoding
// it once more.
func ambiguous(path string) bool {
	path = strings.ReplaceAll(path, `\`, "/")
	return strings.ContainsRune(path, '%') || strings.Contains(path, "//") ||
		strings.Contains(path, "/..") || strings.Contains(path+"/", "/./")
}

// matched tells a pattern's own handler from the redirects of a mux.
type matched struct{ _ byte }

func (*matched) ServeHTTP(http.ResponseWriter, *http.Request) {}

// Not matches the requests that match does not.
func Not(match func(*http.Request) bool) func(*http.Request) bool {
	if match == nil {
		panic("weir.Not: match is nil")
	}
	return func(r *http.Request) bool { return !match(r) }
}
