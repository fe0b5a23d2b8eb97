package main

import (
	"fmt"
	"strings"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

// exampleOf returns a value of a key.
func exampleOf(k deploy.KeyInfo, said catalogue.Key) string {
	switch {
	case said.Example != "":
		return said.Example
	case defaultOf(k, said) != "":
		return defaultOf(k, said)
	}
	return k.Value.Example
}

// example returns a section with what is required, or the first key, where nothing is.
func example(p deploy.PartInfo, d catalogue.Part) string {
	var b strings.Builder
	keys := exemplary(p, d)
	switch {
	case p.Kind == "app":
		fmt.Fprintf(&b, "[app.main]\nuse = %q\n", p.Name)
	case len(p.Keys) > 0 && !keys[0].Required || p.Rest != nil && len(keys) == 0:
		fmt.Fprintf(&b, "[app.blog]\nfilters = [%q]\n\n[filter.%s]\n", p.Name, p.Name)
	default:
		fmt.Fprintf(&b, "[filter.%s]\n", p.Name)
	}
	for _, k := range keys {
		value := exampleOf(k, d.Keys[k.Name])
		if table := tableOf(k.Value); len(table) > 0 {
			first := table[0]
			value = strings.Replace(value, first.Value.Example, exampleOf(first, d.Keys[k.Name+"."+first.Name]), 1)
		}
		fmt.Fprintf(&b, "%s = %s\n", k.Name, value)
	}
	if p.Rest != nil {
		fmt.Fprintf(&b, "%s = %s\n", p.Rest.Name, p.Rest.Value.Example)
	}
	return b.String()
}

// exemplary returns the keys that are required or, where none is, one: of an app the first, of a filter the first with an
// example of its own.
func exemplary(p deploy.PartInfo, d catalogue.Part) []deploy.KeyInfo {
	var list []deploy.KeyInfo
	for _, k := range p.Keys {
		if k.Required {
			list = append(list, k)
		}
	}
	if len(list) > 0 || len(p.Keys) == 0 {
		return list
	}
	for _, k := range p.Keys {
		if p.Kind == "filter" && exampleOf(k, d.Keys[k.Name]) != k.Value.Example {
			return []deploy.KeyInfo{k}
		}
	}
	return p.Keys[:1]
}
