package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"time"
)

// BasicAuthFileOptions are the options of [BasicAuthFile]. The zero value is right for most programs.
type BasicAuthFileOptions struct {
	// Realm names what the credentials are for: a client may use them again for whatever has the same realm on this
	// host. It is printable ASCII. Empty means "restricted".
	Realm string

	// KeepAuthorization hands on the field Authorization, and with it the password, to the application.
	KeepAuthorization bool

	// Remember is how long credentials that were right are taken for right without hashing the password again, as long as
	// the file has the same hash for that user. Zero means 5 minutes.
	Remember time.Duration

	// MaxRemembered is how many credentials are remembered, rounded up to an even number, in about 100 bytes each. When
	// there are more, the half that came first is forgotten. Zero means 4096.
	MaxRemembered int

	// Concurrency is how many passwords are hashed at once, each of which keeps one processor busy. Zero means half as
	// many as there are processors, and at least one.
	Concurrency int

	// Queue is how many requests may wait for that. One more is answered with 503. Zero means 64.
	Queue int

	// Logger gets what is wrong with the file when it has changed, and that passwords could not be hashed, at level Error.
	// Nil means [slog.Default], asked for each time.
	Logger *slog.Logger
}

// BasicAuthFile returns a filter that asks for the user name and the password (RFC 7617) of one of the users of a file, and
// answers everybody else with 401. It is [BasicAuth] for a file: it says who is signed in under [rewrite.User], and hands
// on no Authorization.
//
// The file called path is one that htpasswd writes: a line for each user, with the name, a colon, and a hash of the
// password. What follows another colon, empty lines, and lines that begin with "#" do not count. Hashes are of bcrypt
// ($2y$, $2a$ or $2b$), as htpasswd -B makes them, with a cost of up to 16. All others are refused: most can be guessed at
// many millions a second (MD5, SHA-1, crypt, plain text). Bcrypt hashes the first 72 bytes of a password.
//
//	htpasswd -B -C 10 -c users alice
//
// The file is looked at once a second at most, when there is a request, and read again when it has changed. If something is
// wrong with it then, that is logged, and the users stay as they were. A file that cannot be read at the beginning, that
// has no user, the same one twice, or a hash that is not of bcrypt panics when the filter is made, with the number of the
// line, as does an option below zero.
//
// It takes the same work to refuse a user whom the file does not have, and a wrong password of any who is there: that of
// the highest cost in the file. Hashing is bounded (see Concurrency), and so are those who wait for it: a request for which
// there is no room gets 503, as one does whose context ends while it waits. Since bcrypt takes a twentieth of a second and
// more, a client that was let in is remembered (see Remember) by a keyed hash of name and password, with a key that is made
// with the filter and kept nowhere.
//
// It belongs inside of RateLimit, which then limits the attempts, and outside of everything that is protected. Without a
// RateLimit, who sends wrong passwords all the time can keep those out who are not remembered.
func BasicAuthFile(path string, o BasicAuthFileOptions) func(http.Handler) http.Handler {
	c, err := newFileCheck(path, o)
	if err != nil {
		panic("filter.BasicAuthFile: " + err.Error())
	}
	return basicAuthFilter("BasicAuthFile", c.check,
		BasicAuthOptions{Realm: o.Realm, KeepAuthorization: o.KeepAuthorization, Logger: o.Logger})
}

var errTooMany = errors.New("too many passwords are waiting to be hashed: raise Concurrency or Queue, or let a RateLimit stand outside")

// fileCheck says whether credentials are those of a user in a file.
type fileCheck struct {
	file       *passwordFile
	remembered *remembered
	hash       func(hash, password []byte) error
	inside     chan struct{} // has room for those who hash or wait
	hashing    chan struct{}
}

func newFileCheck(path string, o BasicAuthFileOptions) (*fileCheck, error) {
	switch {
	case o.Remember < 0:
		panic(fmt.Sprintf("filter.BasicAuthFile: Remember is %v, below 0", o.Remember))
	case o.MaxRemembered < 0:
		panic(fmt.Sprintf("filter.BasicAuthFile: MaxRemembered is %d, below 0", o.MaxRemembered))
	case o.Concurrency < 0:
		panic(fmt.Sprintf("filter.BasicAuthFile: Concurrency is %d, below 0", o.Concurrency))
	case o.Queue < 0:
		panic(fmt.Sprintf("filter.BasicAuthFile: Queue is %d, below 0", o.Queue))
	}
	file, err := openPasswords(path, o.Logger)
	if err != nil {
		return nil, err
	}
	running := cmp.Or(o.Concurrency, max(1, runtime.GOMAXPROCS(0)/2))
	waiting := min(cmp.Or(o.Queue, 64), math.MaxInt-running)
	return &fileCheck{
		file:       file,
		remembered: newRemembered(cmp.Or(o.MaxRemembered, 4096), cmp.Or(o.Remember, 5*time.Minute)),
		hash:       compareBcrypt,
		inside:     make(chan struct{}, running+waiting),
		hashing:    make(chan struct{}, running),
	}, nil
}

func (c *fileCheck) check(r *http.Request, name, password string) (bool, error) {
	users := c.file.current()
	key := c.remembered.key(name, users.hashes[name], password)
	if c.remembered.has(key) {
		return true, nil
	}
	leave, err := c.enter(r.Context())
	if err != nil {
		return false, err
	}
	defer leave()
	if c.remembered.has(key) { // a page is many requests at once
		return true, nil
	}
	ok := users.verify(c.hash, name, password)
	if ok {
		c.remembered.add(key)
	}
	return ok, nil
}

// enter waits until there is a processor to hash with.
func (c *fileCheck) enter(ctx context.Context) (leave func(), err error) {
	select {
	case c.inside <- struct{}{}:
	default:
		return nil, errTooMany
	}
	leave = func() { <-c.hashing; <-c.inside }
	select {
	case c.hashing <- struct{}{}: // also for a client that has closed its half of the connection
		return leave, nil
	default:
	}
	select {
	case c.hashing <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		<-c.inside
		return nil, context.Cause(ctx)
	}
}
