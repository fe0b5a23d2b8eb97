package guest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

const (
	cookieName = "guest_session"
	password   = "guest" // no secret: the login page says it
)

func (a *app) showLogin(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "login.html", "Sign in", "")
}

// login sets a cookie without a Path: the browser then keeps it to the folder of this page (RFC 6265 §5.1.4), which is
// wherever the application is mounted.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	name := field(r, "name", nameRunes)
	if name == "" || r.PostForm.Get("password") != password {
		a.show(w, r, http.StatusForbidden, "login.html", "Sign in", "That name and password do not go together.")
		return
	}
	http.SetCookie(w, cookie(a.seal(name), 0))
	seeOther(w, "./")
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, cookie("", -1))
	seeOther(w, "./")
}

func cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// seal returns the name as a cookie value that only this process can make.
func (a *app) seal(name string) string {
	mac := hmac.New(sha256.New, a.key)
	mac.Write([]byte(name))
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(name)) + "." + enc.EncodeToString(mac.Sum(nil))
}

// signedIn returns the name in the request's cookie, or "" when there is none that this process sealed.
func (a *app) signedIn(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	encoded, _, _ := strings.Cut(c.Value, ".")
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !hmac.Equal([]byte(c.Value), []byte(a.seal(string(name)))) {
		return ""
	}
	return string(name)
}
