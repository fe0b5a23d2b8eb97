package comments

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

// terms turns the words of code into those of a file.
type terms struct {
	own   string            // the function or struct
	part  string            // its name in a file
	keys  map[string]string // of fields
	parts map[string]string // of other functions and structs
}

// with returns the terms that know the keys of a table, too.
func (t terms) with(keys []deploy.KeyInfo) terms {
	all := maps.Clone(t.keys)
	if all == nil {
		all = map[string]string{}
	}
	for _, k := range keys {
		if k.Go != "" {
			all[lastWord(k.Go)] = k.Name
		}
	}
	t.keys = all
	return t
}

func lastWord(name string) string {
	return name[strings.LastIndexByte(name, '.')+1:]
}

// link is a link to a declaration, as comments have it. [server.tls] is none.
var link = regexp.MustCompile(`\[(\*?[\w/]*(?:\.\w+)*)\]`)

// unlink returns a text with the names that are linked to, those of parts as a file has them.
func (t terms) unlink(s string) string {
	return link.ReplaceAllStringFunc(s, func(l string) string {
		name := strings.Trim(l, "[]")
		switch {
		case strings.ToLower(l) == l:
			return l
		case t.parts[lastWord(name)] != "":
			return t.parts[lastWord(name)]
		}
		return name
	})
}

// forFiles are what the code says in other words than a file.
var forFiles = []struct {
	code *regexp.Regexp
	file string
}{
	{regexp.MustCompile(`(^|\n\n)Its fields\s+are\s+set\s+before\s+it\s+serves\s+and\s+not\s+changed\s+after\.\s*`), "$1"},
	{regexp.MustCompile(`\s+Its fields\s+are\s+set\s+before\s+it\s+serves\s+and\s+not\s+changed\s+after\.`), ""},
	{regexp.MustCompile(`(?m)(^|\s+)In Go, (?:[^.]|\.\S)*\.(\s|$)`), "$2"},
	{regexp.MustCompile(`:\n\n(\t.*(:=|:= |\w\.\w+\().*\n(\t.*\n|\n)*)`), ".\n\n"}, // an example in Go
	{regexp.MustCompile(`panics\s+when\s+the\s+filter\s+is\s+made`), "is an error"},
	{regexp.MustCompile(`(A\s+negative\s+[\w-]+)\s+panics`), "$1 is an error"},
	{regexp.MustCompile(`when\s+the\s+filter\s+is\s+made`), "when the site is built"},
	{regexp.MustCompile(`not\s+nil\b`), "set"},
	{regexp.MustCompile(`may\s+then\s+be\s+nil`), "may then be left out"},
	{regexp.MustCompile(`\bNil\b`), "Unset"},
}

// word is a name in a text: not in the middle of a field such as RateLimit-Policy, nor one of a struct; of a package,
// if it is one of this module.
var word = regexp.MustCompile(`(^|[^\w./"'-])((?:weir\.|filter\.|mount\.)?[A-Z]\w*)`)

// text turns a comment.
func (t terms) text(s string) string {
	s = t.unlink(s)
	s = regexp.MustCompile(`\b`+t.own+`\s+panics\s+when\b`).ReplaceAllString(s, "It is an error when")
	s = regexp.MustCompile(`\b`+t.own+`\s+panics\b`).ReplaceAllString(s, "There is an error")
	for _, f := range forFiles {
		s = f.code.ReplaceAllString(s, f.file)
	}
	var b strings.Builder
	last := 0
	for _, m := range word.FindAllStringSubmatchIndex(s, -1) {
		from, to := m[4], m[5]
		b.WriteString(s[last:from])
		b.WriteString(t.term(s[:from], s[from:to], s[to:]))
		last = to
	}
	b.WriteString(s[last:])
	return strings.TrimSpace(b.String())
}

var (
	// other makes of a word such as RateLimit or CGI another one than the name of a part.
	other = regexp.MustCompile(`(?i)(^|\W)(an?|the|its|fields?|fields \S+ and)\s+$`)

	// begins is where a sentence begins.
	begins = regexp.MustCompile(`(^|[.:;?!]|\n\n)\s*$`)
)

// term returns what a file calls what the code calls a name, by what is before and after it.
func (t terms) term(before, name, after string) string {
	if len(after) > 1 && strings.ContainsRune("-./=", rune(after[0])) && !unicode.IsSpace(rune(after[1])) {
		return name
	}
	short := lastWord(name)
	capitals := strings.ToUpper(short) == short
	camel := !capitals && strings.IndexFunc(short[1:], unicode.IsUpper) >= 0
	subject := begins.MatchString(before) && len(after) > 1 && unicode.IsLower(rune(after[1]))
	if key, ok := t.keys[name]; ok && name != "Python" && (!capitals || subject) && !strings.HasPrefix(after, " that") {
		return key
	}
	if name != short && t.parts[short] != "" {
		return t.parts[short]
	}
	if part, ok := t.parts[name]; ok && !other.MatchString(before) && (camel || subject && name == t.own ||
		!begins.MatchString(before) && !(capitals && name == t.own)) {
		return part
	}
	return name
}

// introductions are how a comment begins that says what something does.
var introductions = regexp.MustCompile(`^(returns|is) an? (filter|handler|app) that `)

// whole turns the comment of a function or struct: its first sentence says what the part does.
func (t terms) whole(doc string) string {
	rest := strings.TrimPrefix(t.unlink(doc), t.own+" ")
	if s := introductions.ReplaceAllString(rest, ""); s != rest {
		rest = s
	} else {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "returns "), "is ")
	}
	return t.text(capital(rest))
}

// key turns the comment of a field.
func (t terms) key(field, doc string, v *deploy.ValueInfo) catalogue.Key {
	doc = strings.TrimSpace(doc)
	x := catalogue.Key{Default: defaultIn(doc, v), Example: exampleIn(doc, v)}
	if rest, ok := strings.CutPrefix(doc, field+" "); ok {
		for _, verb := range []string{"is ", "are ", "has "} {
			rest = strings.TrimPrefix(rest, verb)
		}
		doc = capital(rest)
	}
	x.Doc = t.text(doc)
	if !strings.HasPrefix(doc, field) {
		x.Doc = capital(x.Doc)
	}
	if x.Doc != "" && !strings.ContainsRune(".:", rune(x.Doc[len(x.Doc)-1])) {
		x.Doc += "." // of a comment at the end of a line
	}
	return x
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// without is where a comment says what holds without the key.
var without = regexp.MustCompile(`(?:\b(?:Zero|Empty|Nil|[Dd]efault)|\b0)(?: means|:| is)?\s+("[^"]*"|[^\s,.;:("]+(?:[,.][^\s,.;:("]+)*)(?:\s+(seconds|minutes|KiB|MiB|keys)\b|[,.;:]|$)`)

// defaultIn returns the default that a comment names, in TOML.
func defaultIn(doc string, v *deploy.ValueInfo) string {
	m := without.FindStringSubmatch(doc)
	if m == nil {
		return ""
	}
	value := m[1]
	number := strings.ReplaceAll(value, ",", "")
	_, err := strconv.Atoi(number)
	switch {
	case slices.Contains(v.Forms, "integer"):
		if err == nil && (m[2] == "KiB" || m[2] == "MiB") && v.Pattern != "" {
			return strconv.Quote(number + m[2])
		} else if err == nil {
			return number
		}
	case v.Name == "duration" && err == nil && m[2] != "":
		return strconv.Quote(number + m[2][:1])
	case v.Pattern != "" && regexp.MustCompile(v.Pattern).MatchString(value):
		return strconv.Quote(value)
	case !slices.Contains(v.Forms, "string") || v.Pattern != "" || !v.Secret:
	case strings.HasPrefix(value, `"`):
		return value
	case strings.HasSuffix(m[0], ".") && !strings.Contains(v.Name, "logger"):
		return strconv.Quote(value)
	}
	return ""
}

// named is a string in quotes that a comment names as one that a key may have.
var named = regexp.MustCompile(`(?:^|such\s+as\s+|[^"]:\s+|,\s+)("[^"\\\n]+")`)

// exampleIn returns the first string that a comment names, for a key that is any string, or a list of them.
func exampleIn(doc string, v *deploy.ValueInfo) string {
	m := named.FindStringSubmatch(doc)
	switch {
	case m != nil && v.Name == "string":
		return m[1]
	case m != nil && v.Name == "list of strings":
		return "[" + m[1] + "]"
	}
	return ""
}

// sentence matches the end of one.
var sentence = regexp.MustCompile(`[.!?](\s|$)|\n\n`)

// sentenceWith returns the first sentence of a text that has one of the words.
func sentenceWith(text string, words []string) string {
	for len(text) > 0 {
		end := len(text)
		if m := sentence.FindStringIndex(text); m != nil {
			end = m[1]
		}
		for _, w := range words {
			if regexp.MustCompile(`\b` + regexp.QuoteMeta(w) + `\b`).MatchString(text[:end]) {
				return strings.TrimSpace(text[:end])
			}
		}
		text = text[end:]
	}
	return ""
}
