package rewrite

// encodes reports whether raw is an escaped form of path that net/url takes: then
// URL.EscapedPath is raw, else the default escaping of path. It is EscapedPath's own
// test without the string that it makes for it.
func encodes(raw, path string) bool {
	j := 0
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '%':
			if i+2 >= len(raw) || !hex(raw[i+1]) || !hex(raw[i+2]) {
				return false
			}
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		case !unescaped(c) && !tolerated(c):
			return false
		}
		if j == len(path) || path[j] != c {
			return false
		}
		j++
	}
	return j == len(path)
}

// plain reports whether raw, a well-formed escaped path, is what net/url makes of its
// decoded form, so that URL.RawPath need not be set.
func plain(raw string) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			if !unescaped(raw[i]) {
				return false
			}
			continue
		}
		lower := raw[i+1] >= 'a' || raw[i+2] >= 'a'
		if lower || unescaped(unhex(raw[i+1])<<4|unhex(raw[i+2])) {
			return false
		}
		i += 2
	}
	return true
}

// unescaped reports whether net/url writes c as it is when it escapes a path.
func unescaped(c byte) bool {
	switch c {
	case '-', '_', '.', '~', '$', '&', '+', ',', '/', ':', ';', '=', '@':
		return true
	}
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// tolerated reports whether net/url takes c as it is although it would escape it.
func tolerated(c byte) bool {
	switch c {
	case '!', '\'', '(', ')', '*', '[', ']':
		return true
	}
	return false
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex returns the value of the hexadecimal digit c.
func unhex(c byte) byte {
	if c >= 'A' {
		return c&7 + 9
	}
	return c - '0'
}
