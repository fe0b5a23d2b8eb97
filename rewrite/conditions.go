package rewrite

import (
	"net/http"
	"strings"
	"time"
)

// Conditions are the preconditions of a request (RFC 9110 section 13.1). A date that is not
// there or not one date is zero, which is as good as none.
type Conditions struct {
	// IfMatch and IfNoneMatch are nil where the field is not there or blank. One that is
	// there has precedence over the date, whatever is in it.
	IfMatch, IfNoneMatch ETags

	IfUnmodifiedSince, IfModifiedSince time.Time

	// IfRangeTag is set where If-Range is no date. What is malformed matches nothing.
	IfRangeTag  ETag
	IfRangeDate time.Time
}

// ConditionsOf returns the preconditions of a request.
func ConditionsOf(r *http.Request) Conditions {
	c := Conditions{
		IfMatch:           tags(r.Header["If-Match"]),
		IfNoneMatch:       tags(r.Header["If-None-Match"]),
		IfUnmodifiedSince: date(r.Header["If-Unmodified-Since"]),
		IfModifiedSince:   date(r.Header["If-Modified-Since"]),
	}
	lines := r.Header["If-Range"]
	switch c.IfRangeDate = date(lines); {
	case !c.IfRangeDate.IsZero():
	case len(lines) == 1:
		c.IfRangeTag = ETag(trim(lines[0]))
	case tags(lines) != nil:
		c.IfRangeTag = "?"
	}
	return c
}

// Status returns what is to be answered to a request of this method by its preconditions,
// http.StatusPreconditionFailed or http.StatusNotModified, or 0 where the method is to be
// carried out (RFC 9110 section 13.2.2). tag and modified are those of what is there now;
// neither means that there is nothing. Ask before anything is changed: a PUT with If-Match
// does not overwrite what its client has not seen, and one with "If-None-Match: *" nothing
// at all.
//
// An If-Match that is malformed fails, since it was meant to prevent something. Where there
// is something without either, give a tag that is none, such as "none".
func (c Conditions) Status(method string, tag ETag, modified time.Time) int {
	safe := method == http.MethodGet || method == http.MethodHead
	there := tag != "" || !modified.IsZero()
	switch {
	case c.IfMatch != nil:
		if !there || !c.IfMatch.StrongMatch(tag) {
			return http.StatusPreconditionFailed
		}
	case after(modified, c.IfUnmodifiedSince):
		return http.StatusPreconditionFailed
	}
	switch {
	case c.IfNoneMatch != nil:
		if !there || !c.IfNoneMatch.WeakMatch(tag) {
			return 0
		}
		if !safe {
			return http.StatusPreconditionFailed
		}
		return http.StatusNotModified
	case safe && !c.IfModifiedSince.IsZero() && !modified.IsZero() && !after(modified, c.IfModifiedSince):
		return http.StatusNotModified
	}
	return 0
}

// Range reports whether If-Range lets the Range of the request count: the tag is the same
// and strong, or the date is the same, to the second; or there is no If-Range, or a blank one.
// A date is a strong validator only when its second is over (RFC 9110 section 8.8.2.2): give
// the zero time where modified is not earlier than the Date of the answer.
func (c Conditions) Range(tag ETag, modified time.Time) bool {
	switch {
	case c.IfRangeTag != "":
		return c.IfRangeTag.StrongMatch(tag)
	case !c.IfRangeDate.IsZero():
		return !modified.IsZero() && modified.Unix() == c.IfRangeDate.Unix()
	}
	return true
}

// tags returns the lines of a list of tags, nil where they are blank.
func tags(lines []string) ETags {
	if strings.Trim(strings.Join(lines, ""), " \t") == "" {
		return nil
	}
	return ETags(lines)
}

// after reports whether modified is later than a date of a field, which has whole seconds;
// no where one of them is not known.
func after(modified, since time.Time) bool {
	return !modified.IsZero() && !since.IsZero() && modified.Unix() > since.Unix()
}

// date reads a field that is one date (RFC 9110 section 5.6.7).
func date(lines []string) time.Time {
	if len(lines) != 1 {
		return time.Time{}
	}
	t, err := http.ParseTime(trim(lines[0]))
	if err != nil {
		return time.Time{}
	}
	return t
}
