// Package token knows the tokens of HTTP (RFC 9110 §5.6.2): the names of fields, methods, codings, parameters and cookies.
package token

// Is says whether s is a token.
func Is(s string) bool {
	_, rest := Cut(s)
	return s != "" && rest == ""
}

// Cut cuts s behind the token that it begins with, which is empty where it begins with none.
func Cut(s string) (token, rest string) {
	n := 0
	for n < len(s) && has(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

// has says whether a token may have c.
func has(c byte) bool {
	const (
		low = (1<<10-1)<<'0' | 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' |
			1<<'+' | 1<<'-' | 1<<'.'
		high = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) | 1<<('^'-64) | 1<<('_'-64) |
			1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64)
	)
	return c < 64 && uint64(low)>>c&1 != 0 || 64 <= c && c < 128 && uint64(high)>>(c-64)&1 != 0
}
