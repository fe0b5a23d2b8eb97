package filter

import "strings"

// choose returns the index of the content coding among names that suits the
// field lines of Accept-Encoding best (RFC 9110 §12.5.3), or -1 for the body
// as it is. names are in the server's order of preference, which decides
// between codings that the client likes equally.
//
// A coding that is named twice counts where it is named first. The members of
// the list that are not well formed do not count, in doubt the body stays as
// it is. It is one pass over the lines, whatever is in them, and allocates
// nothing. There are at most 64 names.
func choose(lines, names []string) int {
	var (
		seen     uint64      // names that the client has mentioned
		best     = -1        // of them, the one liked best
		bestQ    = 0         // and how much
		identity = unweighed // for the body as it is
		star     = unweighed // for whatever is not mentioned
	)
	for _, line := range lines {
		for more := true; more; {
			var member string
			member, line, more = strings.Cut(line, ",")
			name, q, ok := parseMember(member)
			if !ok {
				continue
			}
			switch i := indexCoding(names, name); {
			case i >= 0 && seen&(1<<i) == 0:
				seen |= 1 << i
				if q > bestQ || q == bestQ && best > i {
					best, bestQ = i, q
				}
			case name == "*" && star == unweighed:
				star = q
			case identity == unweighed && strings.EqualFold(name, "identity"):
				identity = q
			}
		}
	}
	if star > 0 && star >= bestQ {
		for i := range names {
			if seen&(1<<i) == 0 && (star > bestQ || i < best) {
				best, bestQ = i, star
				break
			}
		}
	}
	if identity == unweighed {
		identity = star
	}
	if identity > bestQ {
		return -1
	}
	return best
}

// unweighed stands for a weight that the client did not give.
const unweighed = -1

// indexCoding finds a coding's name, in any case. A client that says x-gzip
// means gzip (RFC 9110 §8.4.1.3).
func indexCoding(names []string, name string) int {
	if strings.EqualFold(name, "x-gzip") {
		name = "gzip"
	}
	for i, n := range names {
		if strings.EqualFold(n, name) {
			return i
		}
	}
	return -1
}

// parseMember parses one member of the list, such as "gzip" or "br;q=0.5". The
// weight is in thousandths.
func parseMember(member string) (name string, q int, ok bool) {
	name, weight, weighted := strings.Cut(member, ";")
	name = strings.Trim(name, " \t")
	if !isToken(name) {
		return "", 0, false
	}
	if !weighted {
		return name, 1000, true
	}
	q, ok = parseWeight(strings.Trim(weight, " \t"))
	return name, q, ok
}

// parseWeight parses "q=" and a number from 0 to 1 with at most three decimals
// (RFC 9110 §12.4.2), in thousandths.
func parseWeight(s string) (q int, ok bool) {
	if len(s) < 3 || len(s) > 7 || s[0]|0x20 != 'q' || s[1] != '=' || s[2] != '0' && s[2] != '1' {
		return 0, false
	}
	q = int(s[2]-'0') * 1000
	if len(s) > 3 && s[3] != '.' {
		return 0, false
	}
	for i, unit := 4, 100; i < len(s); i, unit = i+1, unit/10 {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		q += int(s[i]-'0') * unit
	}
	return q, q <= 1000
}

// isToken says whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !alnum && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
