package main

import (
	"encoding/json"
	"go/doc/comment"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

// schemaCommand is weir schema.
func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of files, for editors",
		Long: `Schema prints a JSON Schema (2020-12) of the files in TOML that this program serves.
By it an editor completes keys, says what they mean and marks what is wrong. Editors
with Taplo, such as VS Code with Even Better TOML, find the schema of a file by its
first line:

  #:schema ./site.schema.json

A schema does not see where names lead: weir check does.`,
		Example:               "  weir schema >site.schema.json",
		Args:                  none,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			e := json.NewEncoder(c.OutOrStdout())
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(schemaOf(parts().Describe(), catalogue.Read()))
		},
	}
}

// object is one of JSON.
type object = map[string]any

// schemas makes a schema: what several places need is in defs, by name.
type schemas struct {
	docs catalogue.Docs
	defs object
	refs map[*deploy.ValueInfo]object // to the tables in defs
}

const schemaSays = `A site for weir: https://github.com/weirhttp/weir. What a schema cannot say, weir check does: whether the names of ` +
	`apps and filters lead to sections, here and in other files, and none back to where it comes from. Where a section uses ` +
	`another one it inherits keys, so that such files are not searched for keys that are missing, and the keys of such a section ` +
	`are not checked. A section that nothing refers to may miss keys, but not here.`

// schemaOf returns the schema of the files that may use parts.
func schemaOf(parts []deploy.PartInfo, docs catalogue.Docs) object {
	s := &schemas{docs, object{}, map[*deploy.ValueInfo]object{}}
	s.defs["elsewhere"] = object{
		"description": "A string that is a variable of the environment, or the content of a file.",
		"type":        "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
		"properties": object{"env": object{"type": "string"}, "file": object{"type": "string"}},
	}
	s.defs["pipeline"] = object{
		"type": "object", "additionalProperties": false, "required": []string{"stack"},
		"properties": object{"stack": object{
			"description": "Filters, outermost first, and at the end an app or a pipeline.",
			"type":        "array", "items": object{"type": "string"}, "minItems": 1,
			"examples": [][]string{{"log", "main"}},
		}},
	}
	server := s.value(deploy.DescribeServer(), "server", "[server]", "")
	root := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Site of weir", "description": schemaSays,
		"type": "object", "additionalProperties": false, "$defs": s.defs,
		"properties": object{
			"app":      s.sections("app", "Applications. The site is the app or pipeline main.", parts),
			"filter":   s.sections("filter", "Filters, which apps and pipelines name.", parts),
			"pipeline": object{"description": "Apps with filters around them.", "type": "object", "additionalProperties": ref("pipeline"), "propertyNames": sectionName},
			"globals":  object{"description": "What ${name} stands for in strings of this file.", "type": "object", "additionalProperties": object{}},
			"server":   describedBy(server, unwrapped(docs["[server]"].Doc)),
		},
	}
	var all []object
	for _, p := range parts {
		all = append(all, askedBy(p)...)
	}
	root["allOf"] = all
	return root
}

var sectionName = object{"pattern": "^[^#]+$"}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

// describedBy returns a schema with a description beside it.
func describedBy(schema object, text string) object {
	x := object{"description": text}
	if text == "" {
		delete(x, "description")
	}
	if schema["$ref"] != nil { // beside which Taplo sees nothing
		x["anyOf"] = []object{schema}
		return x
	}
	for k, v := range schema {
		x[k] = v
	}
	return x
}

// unwrapped returns a text as of a Go comment, a paragraph a line.
func unwrapped(doc string) string {
	var parser comment.Parser
	printer := comment.Printer{TextWidth: -1, TextCodePrefix: "  "}
	return indented(string(printer.Text(parser.Parse(doc))), 0)
}

// sections returns the schema of the sections of a kind, and adds those of parts to defs.
func (s *schemas) sections(kind, says string, parts []deploy.PartInfo) object {
	own, keys, names := object{}, map[string]string{}, []string{}
	for _, p := range parts {
		if p.Kind != kind {
			continue
		}
		s.defs[p.Kind+"."+p.Name] = s.section(p)
		names = append(names, p.Name)
		own[p.Name] = object{
			"description": unwrapped(s.docs[p.Name].Doc), "type": "object",
			"if":    object{"properties": object{"use": object{"const": p.Name}}},
			"then":  ref(p.Kind + "." + p.Name),
			"anyOf": []object{ref(p.Kind + "." + p.Name), {}}, // for Taplo, which looks for keys there alone
		}
		s.mention(keys, p)
	}
	s.defs[kind+".of-a-part"] = object{"properties": object{"use": object{"enum": names}}}
	properties := object{"use": use(names)}
	for key, text := range keys {
		properties[key] = object{"description": text}
	}
	s.defs[kind] = object{"type": "object", "required": []string{"use"}, "properties": properties}
	return object{"description": says, "type": "object", "properties": own, "additionalProperties": ref(kind), "propertyNames": sectionName}
}

// mention adds what the keys of a part are to a text for each key: where an editor does not see what a section uses, it
// shows what a key is of each part that has it.
func (s *schemas) mention(keys map[string]string, p deploy.PartInfo) {
	all, said := allKeys(p, s.docs[p.Name])
	for _, k := range all {
		if p.Rest != nil && k.Name == p.Rest.Name {
			continue
		}
		text := p.Name + ": " + firstSentence(said.Keys[k.Name].Doc, ". ")
		if k.Name == "filters" && p.Kind == "app" {
			text = said.Keys[k.Name].Doc
		} else if keys[k.Name] != "" {
			text = keys[k.Name] + "\n\n" + text
		}
		keys[k.Name] = text
	}
}

// use returns the schema of the key use.
func use(names []string) object {
	x := object{"description": "What the section is: a part of weir, or another section whose keys it inherits.", "type": "string"}
	if len(names) > 0 {
		x["anyOf"] = []object{{"enum": names}, {}}
	}
	return x
}

// section returns the schema of sections that are a part. That keys are required is said by askedBy.
func (s *schemas) section(p deploy.PartInfo) object {
	x := s.table(p.Keys, p.Name, p.Name, "", object{"use": use(nil)})
	delete(x, "required")
	if p.Kind == "app" {
		x["properties"].(object)["filters"] = object{
			"description": "The filters around the app, outermost first.",
			"type":        "array", "items": object{"type": "string"}, "examples": [][]string{{"log", "gzip"}},
		}
	}
	if p.Rest != nil {
		x["additionalProperties"] = describedBy(s.value(p.Rest.Value, p.Name+".*", p.Name, "*."), unwrapped(s.docs[p.Name].Keys["*"].Doc))
	}
	return x
}

// table returns the schema of a table with keys, and others that are given.
func (s *schemas) table(keys []deploy.KeyInfo, name, part, path string, properties object) object {
	required := []string{}
	for _, k := range keys {
		properties[k.Name] = s.key(k, name+"."+k.Name, part, path+k.Name)
		if k.Required {
			required = append(required, k.Name)
		}
	}
	x := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		x["required"] = required
	}
	return x
}

// key returns the schema of the value of a key.
func (s *schemas) key(k deploy.KeyInfo, name, part, path string) object {
	said := s.docs[part].Keys[path]
	x := describedBy(s.value(k.Value, name, part, path+"."), unwrapped(said.Doc))
	if d := defaultOf(k, said); json.Valid([]byte(d)) {
		x["default"] = json.RawMessage(d)
	}
	if e := exampleOf(k, said); json.Valid([]byte(e)) { // TOML that is JSON, too
		x["examples"] = []json.RawMessage{json.RawMessage(e)}
	}
	return x
}

// value returns the schema of a value.
func (s *schemas) value(v *deploy.ValueInfo, name, part, path string) object {
	if len(v.Keys) == 0 {
		return s.forms(v, name, part, path)
	}
	if x, ok := s.refs[v]; ok {
		return x
	}
	s.refs[v] = ref(name)
	s.defs[name] = object{} // its place, for those that lead back to it
	s.defs[name] = s.forms(v, name, part, path)
	return s.refs[v]
}

// forms returns the schema of a value that is written in one form or several.
func (s *schemas) forms(v *deploy.ValueInfo, name, part, path string) object {
	var choices []object
	for _, form := range v.Forms {
		switch form {
		case "string":
			choices = append(choices, stringOf(v))
		case "float":
			choices = append(choices, object{"type": "number"})
		case "array":
			choices = append(choices, object{"type": "array", "items": s.value(v.Elem, name, part, path)})
		case "table":
			choices = append(choices, s.tableOf(v, name, part, path))
		default:
			choices = append(choices, object{"type": form})
		}
	}
	if v.Secret {
		choices = append(choices, ref("elsewhere"))
	}
	if len(choices) == 1 {
		return choices[0]
	}
	return object{"anyOf": choices}
}

// tableOf returns the schema of a table: with keys, one of them, or any.
func (s *schemas) tableOf(v *deploy.ValueInfo, name, part, path string) object {
	if len(v.Keys) == 0 {
		return object{"type": "object", "additionalProperties": s.value(v.Elem, name, part, path)}
	}
	x := s.table(v.Keys, name, part, path, object{})
	if v.One {
		x["minProperties"], x["maxProperties"] = 1, 1
	}
	return x
}

// stringOf returns the schema of a string. What ${name} stands for, a schema does not see.
func stringOf(v *deploy.ValueInfo) object {
	x := object{"type": "string"}
	if v.Pattern != "" {
		x["pattern"] = v.Pattern + `|\$\{`
	}
	if len(v.Words) > 0 {
		x["anyOf"] = []object{{"enum": v.Words}, {}} // for completion: others are for the pattern
	}
	return x
}
