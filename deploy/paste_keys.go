package deploy

import (
	"slices"
	"strings"
)

// settings returns the keys of a section that no factory in Python makes: with what get and %(name)s
// stand for, and filter-with as filters.
func (p *paste) settings() *table {
	t := &table{}
	for _, e := range p.in.table.entries {
		one := *e
		local, isGet := strings.CutPrefix(e.key, "get ")
		switch {
		case strings.HasPrefix(e.key, "set "):
			continue // found by get
		case isGet:
			one.key = strings.TrimSpace(local)
			source := p.global(strings.TrimSpace(e.value.text))
			if source == nil {
				p.fail(e.value.at, suggest(e.value.text, p.file.globals.names()), "there is no key %q in [DEFAULT]", e.value.text)
				continue
			}
			one.value = p.expanded(source)
			one.value.moved = true
		case e.key == "filter-with":
			one.key = "filters"
			one.value = &value{at: e.value.at, form: listForm, list: e.value.fields()}
		default:
			one.value = p.expanded(e.value)
		}
		t.entries = append(t.entries, &one)
	}
	return t
}

// global returns what a section has set for itself, or else what [DEFAULT] has; nil: nothing.
func (p *paste) global(name string) *value {
	for _, e := range p.in.table.entries {
		if key, ok := strings.CutPrefix(e.key, "set "); ok && strings.TrimSpace(key) == name {
			return e.value
		}
	}
	if e := p.file.globals.get(name); e != nil {
		return e.value
	}
	return nil
}

// expanded returns a value with what %(name)s means in it.
func (p *paste) expanded(v *value) *value {
	one := *v
	one.text = p.interpolate(v.at, v.text, 0)
	one.moved = one.text != v.text
	one.list = nil
	for _, line := range v.list {
		part := *line
		part.text = p.interpolate(line.at, line.text, 0)
		part.moved = part.text != line.text
		one.list = append(one.list, &part)
	}
	return &one
}

// How often a replacement may have replacements in it, as in ConfigParser, and how many a section has.
const (
	depthLimit    = 10
	replacedLimit = 1000
)

// interpolate replaces %(name)s by here, a key of the section, or one of [DEFAULT], and %% by %.
func (p *paste) interpolate(at span, s string, depth int) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(strings.TrimPrefix(rest, "("), ")s")
		switch {
		case strings.HasPrefix(rest, "%"):
			b.WriteByte('%')
			s = rest[1:]
			continue
		case !strings.HasPrefix(rest, "(") || !closed:
			p.fail(at, "write %% for a percent sign", "%% is neither one of %%%% nor of %%(name)s")
			return b.String()
		}
		s = after
		source := p.in.table.get(name)
		if source == nil {
			source = p.file.globals.get(name)
		}
		switch {
		case name == "here":
			b.WriteString(p.file.dir)
		case source == nil:
			p.fail(at, suggest(name, append(p.file.globals.names(), "here")), "%%(%s)s is neither in this section nor in [DEFAULT]", name)
		case depth == depthLimit || p.replaced > replacedLimit:
			p.fail(at, "", "%%(%s)s leads back to where it comes from", name)
			return b.String()
		default:
			p.replaced++
			b.WriteString(p.interpolate(at, source.value.text, depth+1))
		}
	}
}

// instead gives an entry of a table another key and value.
func (t *table) instead(key, newKey string, v *value) {
	if e := t.get(key); e != nil {
		e.key, e.value = newKey, v
	}
}

// part has a table use a part of ours.
func (p *paste) part(t *table, name string) {
	use := t.get("use")
	t.instead("use", "use", &value{at: use.value.at, form: textForm, text: name, loose: true})
}

// urlmap writes the keys of Paste's urlmap as places.
func (p *paste) urlmap(t *table) {
	p.part(t, "mounts")
	for _, e := range t.entries {
		words := strings.Fields(e.key)
		switch rest, isURL := strings.CutPrefix(e.key, "http://"); {
		case e.key == "use" || e.key == "filters" || strings.HasPrefix(e.key, "/"):
		case isURL:
			if !strings.Contains(rest, "/") {
				rest += "/"
			}
			e.key = rest
		case len(words) >= 2 && words[0] == "domain" && !slices.Contains(words, "port"):
			e.key = words[1] + "/" + strings.TrimPrefix(strings.Join(words[2:], ""), "/")
		default:
			p.fail(e.at, `write one such as "/blog" or "http://example.org/blog"`, "%q is no place to mount at here", e.key)
			e.key = "/"
		}
	}
}

// cascade writes the keys of Paste's cascade, which asks its apps by the alphabet of their keys, as a list.
func (p *paste) cascade(t *table) {
	p.part(t, "cascade")
	apps := &value{at: p.in.at, form: listForm}
	kept := &table{}
	slices.SortFunc(t.entries, func(a, b *entry) int { return strings.Compare(a.key, b.key) })
	for _, e := range t.entries {
		switch {
		case e.key == "use" || e.key == "filters":
			kept.entries = append(kept.entries, e)
		case strings.HasPrefix(e.key, "app"):
			apps.list = append(apps.list, e.value)
		case e.key == "catch" && (e.value.text == "404" || e.value.text == "404 405"):
		default:
			p.fail(e.at, "", "there is no key %q here: apps are asked in turn until one answers with something else than 404 and 405", e.key)
		}
	}
	limit := &value{at: p.in.at, form: textForm, text: "1MiB", loose: true}
	t.entries = append(kept.entries, &entry{key: "apps", at: p.in.at, value: apps, file: p.file},
		&entry{key: "limit", at: p.in.at, value: limit, file: p.file})
}

// static writes the keys of Paste's static.
func (p *paste) static(t *table) {
	p.part(t, "dir")
	if e := t.get("document_root"); e != nil {
		e.key = "fs"
	}
	t.entries = slices.DeleteFunc(t.entries, func(e *entry) bool { return e.key == "cache_max_age" })
}
