package redislimit

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// buckets are those of one limit, and what the script is told of it.
type buckets struct {
	prefix       string // of their keys
	limit, burst string
}

// newBuckets ends the prefix with name in quotes, so that it says where it ends itself, whatever it has.
func newBuckets(prefix, name string, limit rate.Limit, burst int) buckets {
	b := buckets{limit: strconv.FormatFloat(float64(limit), 'g', -1, 64), burst: strconv.Itoa(burst)}
	b.prefix = prefix + b.limit + ":" + b.burst + ":" + quote(name)
	return b
}

// quote returns name in quotes, in ASCII without spaces.
func quote(name string) string {
	return strings.ReplaceAll(strconv.QuoteToASCII(name), " ", `\x20`)
}

// key returns the name of the bucket of who. An address stands there as it is. What is none is of any length, has any
// bytes, and may be a secret.
func (b buckets) key(who string) string {
	if a, ok := strings.CutPrefix(who, "@"); ok && len(a) < 64 && strings.Trim(a, "0123456789abcdef.:/") == "" {
		return b.prefix + who
	}
	digest := sha256.Sum256([]byte(who))
	return b.prefix + "#" + base64.RawURLEncoding.EncodeToString(digest[:])
}
