package main

import (
	"os"
	"path/filepath"
	"strings"
)

// linkLimit is how many symbolic links a path may lead through, as in Linux.
const linkLimit = 40

// places returns the names whose change may change what is in a file: its own, and those of the symbolic links on the
// way to it, such as the ..data of Kubernetes or the current of many deployments; or of the way as far as it goes, the
// first name that is not there. The folders of all of them have no symbolic link in their paths.
func places(file string) []string {
	var list []string
	root := filepath.VolumeName(file) + string(filepath.Separator)
	at, rest := root, split(file)
	for len(rest) > 0 {
		name := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(name)
		switch {
		case err != nil:
			return append(list, name)
		case info.Mode()&os.ModeSymlink != 0:
			list = append(list, name)
			target, err := os.Readlink(name)
			if err != nil || len(list) > linkLimit {
				return list
			}
			if filepath.IsAbs(target) {
				at = root
			}
			rest = append(split(target), rest...)
		case len(rest) == 0:
			list = append(list, name)
		default:
			at = name
		}
	}
	return list
}

// split returns the names in a path.
func split(path string) []string {
	path = strings.TrimPrefix(filepath.Clean(path), filepath.VolumeName(path))
	return strings.FieldsFunc(path, func(c rune) bool { return c == filepath.Separator })
}
