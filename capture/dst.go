package capture

import "net/http"

// dst is where a hook's writer puts its result. It is not used again when an
// encoder may still hold it.
type dst struct{ layer *layer }

// Write takes what the hook's writer puts out.
func (d *dst) Write(p []byte) (int, error) {
	l := d.layer
	switch {
	case l == nil:
		return 0, errLate
	case l.response.hijacked.Load():
		return 0, http.ErrHijacked
	case l.stage == deciding:
		l.early = append(l.early, p...)
		return len(p), nil
	case l.stage == dropping:
		return len(p), nil
	}
	return l.response.write(l.outside, p)
}
