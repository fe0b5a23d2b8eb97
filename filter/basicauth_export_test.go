package filter

import (
	"io/fs"
	"net/http"
)

// PasswordWork returns how many rounds of bcrypt it takes to check a password against the users of a text, and what comes of
// it. No test could measure that by a clock.
func PasswordWork(text, name, password string) (rounds int, ok bool) {
	u, err := parseUsers("users", text)
	if err != nil {
		panic(err)
	}
	ok = u.verify(func(hash, password []byte) error {
		cost, err := bcryptCost(string(hash))
		if err != nil {
			panic(err)
		}
		rounds += 1 << cost
		return compareBcrypt(hash, password)
	}, name, password)
	return rounds, ok
}

// ParseUsers returns what is wrong with a file of users.
func ParseUsers(text string) error {
	_, err := parseUsers("users", text)
	return err
}

// SameCredentials says whether two are remembered as one.
func SameCredentials(a, b [3]string) bool {
	m := newRemembered(1, 1)
	return m.key(a[0], a[1], a[2]) == m.key(b[0], b[1], b[2])
}

// BasicAuthFileWith is BasicAuthFile with another way to compare a hash with a password.
func BasicAuthFileWith(path string, o BasicAuthFileOptions, compare func(hash, password []byte) error) func(http.Handler) http.Handler {
	c, err := newFileCheck(path, o)
	if err != nil {
		panic(err)
	}
	c.hash = compare
	return basicAuthFilter("BasicAuthFile", c.check, BasicAuthOptions{Logger: o.Logger})
}

// BasicAuthFileOpening is BasicAuthFile with another way to open the file.
func BasicAuthFileOpening(path string, o BasicAuthFileOptions, open func(path string) (fs.File, error)) func(http.Handler) http.Handler {
	c, err := newFileCheck(path, o)
	if err != nil {
		panic(err)
	}
	c.file.open = open
	return basicAuthFilter("BasicAuthFile", c.check, BasicAuthOptions{Logger: o.Logger})
}
