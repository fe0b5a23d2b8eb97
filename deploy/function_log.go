package deploy

import (
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/internal/late"
	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// logger reads a name: the logger is slog.Default, and its records have the attribute logger with that name.
func (r reading) logger(v *value, _ reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	return fixed(late.Logger().With("logger", s), reflect.TypeFor[*slog.Logger]())
}

// level reads a level, that of each record.
func (r reading) level(v *value, _ reflect.Type) plan {
	w, _ := wordsOf(reflect.TypeFor[slog.Level]())
	p := r.words(v, reflect.TypeFor[slog.Level](), w)
	if p == nil {
		return nil
	}
	level := slog.Level(p(nil).Int())
	return fixed(func(capture.Sent) slog.Level { return level }, reflect.TypeFor[func(capture.Sent) slog.Level]())
}

// attrs reads a list of what of a request is logged.
func (r reading) attrs(v *value, _ reflect.Type) plan {
	texts, ok := r.texts(v)
	if !ok {
		return nil
	}
	asked := make([]func(*http.Request) string, len(texts))
	for i, s := range texts {
		if asked[i] = r.aspect(v.list[i].at, s); asked[i] == nil {
			return nil
		}
	}
	return fixed(func(req *http.Request) []slog.Attr {
		attrs := make([]slog.Attr, len(asked))
		for i, ask := range asked {
			attrs[i] = slog.String(texts[i], ask(req))
		}
		return attrs
	}, reflect.TypeFor[func(*http.Request) []slog.Attr]())
}

// requestText reads what of a request counts, as aspect has it.
func (r reading) requestText(v *value, _ reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	ask := r.aspect(v.at, s)
	if ask == nil {
		return nil
	}
	return fixed(ask, reflect.TypeFor[func(*http.Request) string]())
}

// aspects are the words that aspect knows.
var aspects = []string{"host", "method", "path", "query", "script-name", "user"}

// aspectInfo describes what aspect reads.
func aspectInfo() *ValueInfo {
	x := textInfo("part of a request", "header:User-Agent")
	x.Words = aspects
	x.Pattern = "^(" + strings.Join(aspects, "|") + "|header:[-!#$%&'*+.^_`|~0-9A-Za-z]+)$"
	return x
}

// aspect returns what a word says of a request: host, as rewrite.NamedHost has it, method, path, query, script-name, user, or
// header:NAME. Nil: the word means nothing, which it reports.
func (r reading) aspect(at span, word string) func(*http.Request) string {
	switch word {
	case "host":
		return func(req *http.Request) string {
			host, _ := rewrite.NamedHost(req)
			return host
		}
	case "method":
		return func(req *http.Request) string { return req.Method }
	case "path":
		return func(req *http.Request) string { return req.URL.Path }
	case "query":
		return func(req *http.Request) string { return req.URL.RawQuery }
	case "script-name":
		return rewrite.ScriptName
	case "user":
		return func(req *http.Request) string {
			user, _ := rewrite.User.Value(req.Context())
			return user
		}
	}
	name, ok := strings.CutPrefix(word, "header:")
	if ok && strings.EqualFold(name, "Host") { // which is in no header in Go
		r.fail(at, `write "host"`, "%q is no field that can be asked for", word)
		return nil
	}
	if ok && token.Is(name) {
		return func(req *http.Request) string { return req.Header.Get(name) }
	}
	hint := suggest(word, slices.Clone(aspects))
	if hint == "" {
		hint = "write one of " + strings.Join(aspects, ", ") + ", or one such as \"header:User-Agent\""
	}
	r.fail(at, hint, "%q names nothing of a request", word)
	return nil
}

// texts reads a list of strings.
func (r reading) texts(v *value) ([]string, bool) {
	if v.form != listForm {
		r.fail(v.at, v.inList(), "a list is needed here, not %s", v.form)
		return nil, false
	}
	list, all := make([]string, len(v.list)), true
	for i, one := range v.list {
		s, ok := r.text(one)
		list[i], all = s, all && ok
	}
	return list, all
}
