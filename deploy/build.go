package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/mount"
)

// building makes the handlers of nodes, each once.
type building struct {
	report
	site    *Site
	apps    map[*node]http.Handler
	filters map[*node]func(http.Handler) http.Handler
	closers closers
	probe   func(*node, http.Handler) http.Handler // around each, see Trace; nil: none
	done    bool
}

// closers closes what was built, the last first.
type closers struct {
	mu   sync.Mutex
	open []opened // under mu
}

// opened is an app or a file that is to be closed, and the name of its section.
type opened struct {
	io.Closer
	name string
}

// Close closes all, whatever errors there are, and returns these.
func (c *closers) Close() error {
	var errs []error
	for {
		c.mu.Lock()
		n := len(c.open) - 1
		if n < 0 {
			c.mu.Unlock()
			return errors.Join(errs...)
		}
		last := c.open[n]
		c.mu.Unlock()
		errs = append(errs, last.Close())
		c.mu.Lock()
		c.open = c.open[:n]
		c.mu.Unlock()
	}
}

// names returns the names of what is open, the next to be closed first.
func (c *closers) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, one := range slices.Backward(c.open) {
		names = append(names, one.name)
	}
	return names
}

// app returns the handler of an app. For one that cannot be made, which it reports, it returns another
// one, so that what is around it is made, too, and says what is wrong with it.
func (b *building) app(n *node) http.Handler {
	if h, ok := b.apps[n]; ok {
		return h
	}
	h := http.NotFoundHandler()
	if n.inner != nil {
		h = b.app(n.inner)
	} else if x := b.make(n); x.IsValid() {
		h = x.Interface().(http.Handler)
		b.adopt(n, h)
		h = b.probed(n, h)
	}
	for _, f := range slices.Backward(n.filters) {
		h = b.bind(f, b.filter(f), h)
	}
	b.apps[n] = h
	return h
}

// adopt keeps what is to be closed, and has an app that finds its faults late look for them.
func (b *building) adopt(n *node, h http.Handler) {
	if closer, ok := h.(io.Closer); ok && !b.closes(closer) {
		b.closers.open = append(b.closers.open, opened{closer, n.label})
	}
	if proxy, ok := h.(*mount.Proxy); ok { // it answers CONNECT itself
		b.try(n, func() {
			res, err := capture.Record(&http.Request{Method: http.MethodConnect}, proxy, 1<<10)
			if err == nil {
				_ = res.Body.Close()
			}
		})
	}
}

// closes says whether an app is among the closers: a cascade of one app is that app.
func (b *building) closes(closer io.Closer) bool {
	return reflect.TypeOf(closer).Comparable() && slices.ContainsFunc(b.closers.open, func(other opened) bool {
		return reflect.TypeOf(other.Closer).Comparable() && other.Closer == closer
	})
}

// filter returns the filter of a node; for one that cannot be made, as app does, one that does nothing.
func (b *building) filter(n *node) func(http.Handler) http.Handler {
	if f, ok := b.filters[n]; ok {
		return f
	}
	f := func(next http.Handler) http.Handler { return next }
	if x := b.make(n); x.IsValid() {
		f = x.Convert(filterType).Interface().(func(http.Handler) http.Handler)
	}
	b.filters[n] = f
	return f
}

// bind puts a filter around a handler.
func (b *building) bind(n *node, f func(http.Handler) http.Handler, next http.Handler) http.Handler {
	if b.done { // a filter that binds others while it serves
		return b.probed(n, f(next))
	}
	h := next
	b.try(n, func() {
		bound := f(next)
		if bound == nil {
			panic("it returns no handler")
		}
		h = b.probed(n, bound)
	})
	return h
}

// probed puts the probe around what was made of a node, if there is one.
func (b *building) probed(n *node, h http.Handler) http.Handler {
	if b.probe == nil {
		return h
	}
	return b.probe(n, h)
}

// make has a part make its value; the zero Value: it could not.
func (b *building) make(n *node) (made reflect.Value) {
	p := n.part
	if p.make.Kind() == reflect.Pointer {
		x := reflect.New(p.make.Type().Elem())
		for _, k := range p.keys {
			x.Elem().Field(k.field).Set(p.make.Elem().Field(k.field))
		}
		fill(b, x.Elem(), n.fields)
		b.introduce(x.Elem())
		return x
	}
	args := b.arguments(n)
	b.try(n, func() {
		var out []reflect.Value
		if p.make.Type().IsVariadic() {
			out = p.make.CallSlice(args)
		} else {
			out = p.make.Call(args)
		}
		if len(out) == 2 && !out[1].IsNil() {
			panic(out[1].Interface())
		}
		if out[0].IsNil() {
			panic("it returns nil")
		}
		made = out[0]
	})
	return made
}

// introduce tells an app or options what site they are part of, if they have a field for that.
func (b *building) introduce(x reflect.Value) {
	for i := range x.NumField() {
		if f := x.Type().Field(i); f.IsExported() && f.Type == siteType {
			x.Field(i).Set(reflect.ValueOf(b.site))
		}
	}
}

// arguments returns what the constructor of a node's part is called with.
func (b *building) arguments(n *node) []reflect.Value {
	t := n.part.make.Type()
	args := make([]reflect.Value, t.NumIn())
	for i := range args {
		args[i] = reflect.New(t.In(i)).Elem()
		if p := n.args[i]; p != nil {
			args[i].Set(p(b))
		}
	}
	if n.part.options != nil {
		fill(b, args[len(args)-1], n.fields)
		b.introduce(args[len(args)-1])
	}
	return args
}

// try calls f, whose panic is an error of the node: at the key that it speaks of, if it does of one.
func (b *building) try(n *node, f func()) {
	message := caught(f)
	if message == "" {
		return
	}
	at := n.at
	for _, k := range n.part.keys {
		word := regexp.MustCompile(`\b` + regexp.QuoteMeta(k.goName) + `\b`)
		if place, ok := n.keys[k.name]; ok && word.MatchString(message) {
			at, message = place, word.ReplaceAllLiteralString(message, k.name)
			break
		}
	}
	b.add(at, n.label, message, "")
}

// noise is what a message of a constructor says to programmers: who speaks, and in which line of Go.
var noise = regexp.MustCompile(`^[a-z]+\.[A-Z][A-Za-z]*: | \(registered at [^)]*\)|:$`)

// caught returns what f panics with, in one line and without the name of the function; empty: nothing.
func caught(f func()) (message string) {
	defer func() {
		if x := recover(); x != nil {
			line, _, _ := strings.Cut(fmt.Sprint(x), "\n")
			message = cmp.Or(noise.ReplaceAllString(line, ""), "it panics")
		}
	}()
	f()
	return ""
}
