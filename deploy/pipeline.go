package deploy

// filters reads the names of filters, outermost first.
func (r reading) filters(v *value) []*node {
	if v.form != listForm {
		r.fail(v.at, `write one such as ["log", "gzip"]`, "a list of filters is needed here, not %s", v.form)
		return nil
	}
	var nodes []*node
	for _, one := range v.list {
		nodes = append(nodes, r.named(one, filterKind))
	}
	return nodes
}

// pipeline reads the stack of a pipeline: filters, outermost first, and an app.
func (c *checker) pipeline(n *node, s *section) {
	r := reading{checker: c, section: s.label(), file: s.file}
	for _, e := range s.table.entries {
		if e.key != "stack" {
			r.fail(e.at, suggest(e.key, []string{"stack"}), "there is no key %q here: a pipeline has a stack alone", e.key)
		}
	}
	e := s.table.get("stack")
	switch {
	case e == nil && !r.partial && !r.lenient:
		r.fail(s.at, `write one such as stack = ["log", "main"]`, `"stack" is missing`)
	case e == nil:
	case e.value.form != listForm || len(e.value.list) == 0:
		r.fail(e.value.at, `write one such as ["log", "main"]`, "a list of filters with an app at its end is needed here")
	default:
		list := e.value.list
		last := len(list) - 1
		n.filters = r.filters(&value{form: listForm, list: list[:last]})
		n.inner = r.named(list[last], appKind)
	}
}
