package deploy

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// plan makes a value when the site is built. The nil plan is that of a value with an error.
type plan func(*building) reflect.Value

// fixed is the plan of a value that needs nothing of the build.
func fixed(x any, t reflect.Type) plan {
	v := reflect.ValueOf(x).Convert(t)
	return func(*building) reflect.Value { return v }
}

// reading is a value's surroundings: whose it is and what it may refer to.
type reading struct {
	*checker
	section string // its label
	file    *file  // the one that the value is in
	note    note
	owner   *node  // the node that gets the value
	key     string // by this key
	when    *value // in a table that says so: for these requests
}

func (r reading) fail(at span, hint, format string, args ...any) {
	r.add(at, r.section, fmt.Sprintf(format, args...), hint)
}

// plan reads v as a t.
func (r reading) plan(v *value, t reflect.Type) plan {
	if v.loose {
		v = v.as(t)
	}
	w := wayOf(t)
	if w.read == nil {
		r.fail(v.at, "", "this cannot be set in a file")
		return nil
	}
	return w.read(r, v, t)
}

// truth reads true or false.
func (r reading) truth(v *value, t reflect.Type) plan {
	if v.form == truthForm {
		return fixed(v.text == "true", t)
	}
	r.fail(v.at, "write true or false", "a truth value is needed here, not %s", v.form)
	return nil
}

// words reads a type that is written as text.
func (r reading) words(v *value, t reflect.Type, w words) plan {
	hint := "write one such as " + strconv.Quote(w.example)
	if v.form != textForm && v.form != tableForm {
		r.fail(v.at, hint, "%s is needed here, not %s", w.what, v.form)
		return nil
	}
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	x, err := w.parse(s)
	if err != nil {
		if s != v.text { // a secret, perhaps, or with one in it
			r.fail(v.at, hint, "what this stands for is not %s", w.what)
		} else {
			r.fail(v.at, hint, "%q is not %s: %s", s, w.what, reason(err, s))
		}
		return nil
	}
	if limit, ok := x.(rate.Limit); ok && t == reflect.TypeFor[*rate.Limiter]() {
		burst := math.MaxInt32 // of rate.Inf it means nothing
		if limit < math.MaxInt32 {
			burst = int(math.Ceil(float64(limit)))
		}
		return func(*building) reflect.Value { return reflect.ValueOf(rate.NewLimiter(limit, burst)) }
	}
	return fixed(x, t)
}

// inFront is what parsers of the standard library put before what they have to say.
var inFront = regexp.MustCompile(`^(time: |error parsing regexp: |slog: level string "[^"]*": |(netip\.)?Parse\w+\(".*"\): )`)

// reason returns what a parser says of a text, without the text.
func reason(err error, text string) string {
	s := err.Error()
	for t := ""; t != s; {
		t, s = s, inFront.ReplaceAllString(s, "")
	}
	return strings.TrimSuffix(s, " "+strconv.Quote(text))
}

// whole reads a whole number, which with sizeNote may also be a size.
func (r reading) whole(v *value, t reflect.Type) plan {
	if r.note == sizeNote && v.form == textForm {
		w, _ := wordsOf(reflect.TypeFor[size]())
		p := r.words(v, reflect.TypeFor[size](), w)
		if p == nil {
			return nil
		}
		return r.number(v, p(nil).Int(), t)
	}
	what := "a whole number"
	if r.note == sizeNote {
		what = "a number of bytes, or a size such as \"10MiB\","
	}
	if v.form != wholeForm {
		hint := ""
		if _, err := strconv.ParseInt(v.text, 10, 64); err == nil && v.form == textForm {
			hint = "write " + v.text + " without quotes"
		}
		r.fail(v.at, hint, "%s is needed here, not %s", what, v.form)
		return nil
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(v.text, "_", ""), 0, 64)
	if err != nil {
		r.fail(v.at, "", "%s is not a whole number of 64 bits", v.text)
		return nil
	}
	return r.number(v, n, t)
}

func (r reading) number(v *value, n int64, t reflect.Type) plan {
	x := reflect.New(t).Elem()
	switch {
	case x.CanInt() && !x.OverflowInt(n):
		x.SetInt(n)
	case x.CanUint() && n >= 0 && !x.OverflowUint(uint64(n)):
		x.SetUint(uint64(n))
	default:
		r.fail(v.at, "", "%d does not fit here", n)
		return nil
	}
	return func(*building) reflect.Value { return x }
}

func (r reading) float(v *value, t reflect.Type) plan {
	if v.form != floatForm && v.form != wholeForm {
		r.fail(v.at, "", "a number is needed here, not %s", v.form)
		return nil
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	if err != nil || reflect.Zero(t).OverflowFloat(n) && !math.IsInf(n, 0) {
		r.fail(v.at, "", "%s does not fit here", v.text)
		return nil
	}
	return fixed(n, t)
}

// string reads a text, and makes a path of it where the note says so.
func (r reading) string(v *value, t reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	if r.note == environNote && strings.Index(s, "=") < 1 {
		r.fail(v.at, "", `this is no variable: write one such as "NAME=value"`)
		return nil
	}
	return fixed(r.path(v.at, s), t)
}

// app reads the name of an app.
func (r reading) app(v *value, _ reflect.Type) plan {
	n := r.named(v, appKind)
	r.refer(n)
	return func(b *building) reflect.Value {
		h := b.app(n)
		return reflect.ValueOf(&h).Elem()
	}
}

// filter reads the name of a filter.
func (r reading) filter(v *value, t reflect.Type) plan {
	n := r.named(v, filterKind)
	r.refer(n)
	return func(b *building) reflect.Value {
		f := b.filter(n)
		return reflect.ValueOf(func(next http.Handler) http.Handler { return b.bind(n, f, next) }).Convert(t)
	}
}

// refer notes that a key names a node.
func (r reading) refer(n *node) {
	if n != nil {
		r.owner.refs = append(r.owner.refs, refTo{r.key, r.when, n})
	}
}
