// Package catalogue has what the comments of the code say of the parts that a file may use, in the terms of the file.
// Package comments makes its text of the code; the tests of the command hold that it is fresh.
package catalogue

import (
	_ "embed"
	"encoding/json"
)

// Docs has what is said of each part, by name, and of [server], by "[server]".
type Docs map[string]Part

// Part is what is said of a part.
type Part struct {
	// Doc is a text as of a Go comment: paragraphs, lists, and what is indented. Its first sentence says what the part
	// does.
	Doc string `json:"doc"`

	// Keys has what is said of each key, those of a table being named "table.key". What is said of all keys that have
	// no name of their own is at "*".
	Keys map[string]Key `json:"keys,omitempty"`
}

// Key is what is said of a key.
type Key struct {
	Doc string `json:"doc"` // as that of a part

	// Default is what the comment says that holds without the key, in TOML; empty: nothing that TOML could say.
	Default string `json:"default,omitempty"`

	// Example is a value that the comment names, in TOML; empty: none.
	Example string `json:"example,omitempty"`
}

//go:embed docs.json
var text []byte

// Read returns what is said of all parts.
func Read() Docs {
	var d Docs
	if err := json.Unmarshal(text, &d); err != nil {
		panic("catalogue: docs.json: " + err.Error() + ": run go generate")
	}
	return d
}
