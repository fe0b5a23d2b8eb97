package main

import "testing"

// TestEveryCommandSaysWhatItDoes holds that no command is without its texts.
func TestEveryCommandSaysWhatItDoes(t *testing.T) {
	for _, c := range rootCommand().Commands() {
		if c.Short == "" || c.Long == "" || c.RunE == nil {
			t.Errorf("weir %s: Short, Long or RunE is missing", c.Name())
		}
	}
}
