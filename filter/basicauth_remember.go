package filter

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// remembered are credentials that were right, by a keyed hash.
type remembered struct {
	secret []byte
	half   int // how many there may be in each of the maps
	time   time.Duration

	mu         sync.Mutex
	young, old map[credentialsKey]time.Time // until when
}

type credentialsKey [sha256.Size]byte

func newRemembered(most int, d time.Duration) *remembered {
	m := &remembered{secret: make([]byte, sha256.Size), half: most/2 + most%2, time: d, young: map[credentialsKey]time.Time{}}
	rand.Read(m.secret)
	return m
}

// key returns the key of credentials. Their lengths are hashed with them, so that no others have the same text
// (CVE-2026-71326), and so is the stored hash: with another one, the password is another.
func (m *remembered) key(name, hash, password string) (key credentialsKey) {
	mac := hmac.New(sha256.New, m.secret)
	for _, s := range [...]string{name, hash, password} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		mac.Write([]byte(s))
	}
	mac.Sum(key[:0])
	return key
}

func (m *remembered) has(key credentialsKey) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, ok := m.young[key]
	if !ok {
		until, ok = m.old[key]
	}
	return ok && time.Now().Before(until)
}

// add makes room by forgetting the older half.
func (m *remembered) add(key credentialsKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.young) >= m.half {
		m.old, m.young = m.young, map[credentialsKey]time.Time{}
	}
	m.young[key] = time.Now().Add(m.time)
}
