package filter

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// compareBcrypt returns nil when hash is one of the password.
func compareBcrypt(hash, password []byte) error { return bcrypt.CompareHashAndPassword(hash, password) }

// maxCost bounds the cost of a hash. One of 16 takes some seconds, and each further one doubles that.
const maxCost = 16

// bcryptCost returns the cost of a hash, or an error that says why it is not to be used, in words that go after the user's
// name. The error does not show the hash.
func bcryptCost(hash string) (int, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	switch {
	case !strings.HasPrefix(hash, "$2y$") && !strings.HasPrefix(hash, "$2a$") && !strings.HasPrefix(hash, "$2b$"):
		return 0, fmt.Errorf("has a password hashed by %s, and not by bcrypt", hashName(hash))
	case err != nil || len(hash) != len(dummy(10)) || strings.Trim(hash[len("$2y$10$"):], bcryptDigits) != "":
		return 0, fmt.Errorf("has a hash that is not whole")
	case cost > maxCost:
		return 0, fmt.Errorf("has a hash of cost %d, more than %d, which takes too long at each login", cost, maxCost)
	}
	return cost, nil
}

const bcryptDigits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// dummy returns a hash of that cost, of no password that anybody knows.
func dummy(cost int) []byte {
	return fmt.Appendf(nil, "$2a$%02d$%s", cost, bcryptDigits[:53])
}

// hashName says in words how a password is hashed.
func hashName(hash string) string {
	for prefix, name := range map[string]string{
		"$apr1$": "MD5 (apr1)", "$1$": "MD5 (crypt)", "{SHA}": "SHA-1", "{SSHA}": "SHA-1", "$5$": "SHA-256 (crypt)",
		"$6$": "SHA-512 (crypt)", "$2x$": "a broken bcrypt", "$argon2": "Argon2", "$y$": "yescrypt", "$scrypt": "scrypt",
	} {
		if strings.HasPrefix(hash, prefix) {
			return name
		}
	}
	return "crypt or not at all"
}

// verify says whether the password is that of the user. Whoever asks for whomever, it is the work of one hash of u.cost:
// one more of each cost below makes up for a hash that costs less.
func (u *users) verify(compare func(hash, password []byte) error, name, password string) bool {
	hash, known := u.hashes[name]
	cost := u.cost
	if known {
		cost = u.costs[name]
	} else {
		hash = string(dummy(cost))
	}
	ok := compare([]byte(hash), []byte(password)) == nil && known
	for ; cost < u.cost; cost++ {
		_ = compare(dummy(cost), []byte(password))
	}
	return ok
}
