package main

import "github.com/weirhttp/weir/deploy"

// parts returns what a file may use.
func parts() deploy.Set {
	return deploy.Builtin()
}
