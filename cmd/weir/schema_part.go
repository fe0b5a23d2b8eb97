package main

import "github.com/weirhttp/weir/deploy"

// askedBy returns what a part asks of a file as a whole: that sections which use it have its keys alone, and those that it
// requires. It is a matter of the whole file whether they use it, or a section of its name.
func askedBy(p deploy.PartInfo) []object {
	its := object{"properties": object{"use": object{"const": p.Name}}, "required": []string{"use"}}
	hasSection := inKind(p.Kind, object{"required": []string{p.Name}})
	hasSection["required"] = []string{p.Kind}
	all := []object{{
		"if":   hasSection,
		"else": inKind(p.Kind, eachOf(object{"if": its, "then": ref(p.Kind + "." + p.Name)})),
	}}
	var required []string
	for _, k := range p.Keys {
		if k.Required {
			required = append(required, k.Name)
		}
	}
	if len(required) == 0 {
		return all
	}
	need := object{"required": required}
	itself := object{"if": object{"properties": object{"use": object{"const": p.Name}}}, "then": need}
	return append(all, object{
		"if": object{"allOf": []object{isSite(), inKind(p.Kind, eachOf(object{"$ref": "#/$defs/" + p.Kind + ".of-a-part"}))}},
		"then": object{
			"if":   hasSection,
			"else": inKind(p.Kind, eachOf(object{"if": its, "then": need})),
			"then": object{
				"if":   inKind(p.Kind, eachOf(object{"not": its})),
				"then": inKind(p.Kind, object{"properties": object{p.Name: itself}}),
			},
		},
	})
}

// inKind returns a schema of the sections of a kind.
func inKind(kind string, sections object) object {
	return object{"properties": object{kind: sections}}
}

// eachOf returns a schema that all values of an object have.
func eachOf(value object) object {
	return object{"additionalProperties": value}
}

// isSite returns a schema of files that are a site, and not only there for others to refer to.
func isSite() object {
	var choices []object
	for _, kind := range []string{"app", "pipeline"} {
		x := inKind(kind, object{"required": []string{"main"}})
		x["required"] = []string{kind}
		choices = append(choices, x)
	}
	return object{"anyOf": choices}
}
