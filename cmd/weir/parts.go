package main

import "github.com/weirhttp/weir/deploy"

// parts returns what a file may use: what comes with package deploy, and two apps of the program itself.
func parts() deploy.Set {
	set := deploy.Builtin()
	set["demo"] = deploy.App(demo)
	set["index"] = deploy.App(&index{})
	return set
}
