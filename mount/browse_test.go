package mount_test

import (
	"regexp"
	"strings"
)

var (
	schemed      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	portOfScheme = regexp.MustCompile(`:(80|443)?$`) // of either: whether TLS is taken off before us is not known
)

// browse returns where a reference leads from a page, as the WHATWG's URL standard has it.
func browse(scheme, host, page, ref string) (toScheme, toHost, toPath string) {
	ref = strings.TrimFunc(ref, func(c rune) bool { return c <= ' ' })
	ref = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(ref)
	toScheme, toHost = scheme, host
	named := false
	if name := schemed.FindString(ref); name != "" {
		ref, toScheme = ref[len(name):], strings.ToLower(strings.TrimSuffix(name, ":"))
		if toScheme != "http" && toScheme != "https" {
			return toScheme, "", ""
		}
		named = toScheme != scheme || strings.HasPrefix(ref, "//")
	}
	if i := strings.IndexAny(ref, "?#"); i >= 0 {
		ref = ref[:i]
	}
	ref = strings.ReplaceAll(ref, `\`, "/")
	if named || strings.HasPrefix(ref, "//") {
		toHost, toPath, _ = strings.Cut(strings.TrimLeft(ref, "/"), "/")
		toHost = strings.ToLower(toHost[strings.LastIndex(toHost, "@")+1:])
		return toScheme, portOfScheme.ReplaceAllString(toHost, ""), undotted("/" + toPath)
	}
	page = undotted(page)
	switch {
	case ref == "":
		return toScheme, toHost, page
	case ref[0] != '/':
		ref = page[:strings.LastIndex(page, "/")+1] + ref
	}
	return toScheme, toHost, undotted(ref)
}

var (
	doubleDot = regexp.MustCompile(`^(?i:\.|%2e){2}$`)
	singleDot = regexp.MustCompile(`^(?i:\.|%2e)$`)
)

func undotted(path string) string {
	var kept []string
	segments := strings.Split(path, "/")[1:]
	for i, segment := range segments {
		last := i == len(segments)-1
		double, single := doubleDot.MatchString(segment), singleDot.MatchString(segment)
		if double && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		if !double && !single {
			kept = append(kept, segment)
		} else if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
