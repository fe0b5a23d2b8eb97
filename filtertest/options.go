package filtertest

import (
	"net/http"
	"slices"
)

// Options declare what a filter does. A declaration is no way around a rule: each rule knows what the declaration
// changes about it, still checks what remains true, or does not apply and says so in the report.
//
// The zero value declares a filter that watches, or edits with care. It may hand on a copy of the request with values
// in its context, add response fields that the handler did not set and that say nothing about the body or the
// connection, add members to Vary and cookies to Set-Cookie. Everything else is as it would be without the filter.
type Options struct {
	// RequestFields names the request fields that the filter sets, edits or drops. The rules do not compare them.
	RequestFields []string

	// ResponseFields names the response fields that the filter changes, drops, or adds to those of the same name. A
	// field about the body or the connection has to be named even where the handler set none: Content-Type, ETag,
	// Last-Modified, Location and their like. The rules do not compare them, except where a rule is about that field.
	ResponseFields []string

	// Transforms declares a filter that sends other bodies than the handler wrote. Bodies are not compared; they still
	// have to be complete, to decode, to be empty where the handler wrote nothing, and to be left alone where the
	// handler said no-transform, sent a part, or coded them. Lengths, validators and digests may be others or none.
	Transforms bool

	// Holds declares a filter that sends nothing of the body before the handler has ended. The rules about flushing and
	// full duplex do not apply; a length may take the place of chunks.
	Holds bool

	// Answers declares a filter that answers some requests itself. A rule whose request did not reach the handler does
	// not apply; G03 always does.
	Answers bool

	// Recovers declares a filter that answers a panic that came before output with a status of 500 or more.
	// http.ErrAbortHandler still passes, and what was sent is still cut.
	Recovers bool

	// Encodes declares a filter that gives bodies a content coding. Bodies are compared without it;
	// Content-Encoding, the length, the ETag, Accept-Ranges and digests may change with it.
	Encodes bool

	// Rewrites declares a filter that gives the handler another path or query. RequestURI stays.
	Rewrites bool

	// Mounts declares a filter below which an application of its own begins: it does not see the pattern and path
	// values of the mux around the filter (F03 does not apply), and its own pattern may come out with something
	// before the path.
	Mounts bool

	// Except names rules that are not checked, by their ID, each with a reason. Reasons are printed, and are part of the
	// report. An ID that is no rule's, or an empty reason, is a failure.
	Except map[string]string
}

// only returns the options of a call. There is at most one.
func only(caller string, o []Options) Options {
	switch len(o) {
	case 0:
		return Options{}
	case 1:
		return o[0]
	}
	panic("filtertest." + caller + ": more than one Options")
}

// edits says whether the name is among the fields.
func edits(fields []string, name string) bool {
	return slices.ContainsFunc(fields, func(f string) bool {
		return http.CanonicalHeaderKey(f) == http.CanonicalHeaderKey(name)
	})
}

// holding is why a rule does not apply to a filter that holds bodies; "" when it applies.
func holding(o Options) string {
	if o.Holds {
		return "the filter declares that it holds the body"
	}
	return ""
}

// transforming is why a rule does not apply to a filter that transforms bodies; "" when it applies.
func transforming(o Options) string {
	if o.Transforms {
		return "the filter declares that it transforms bodies"
	}
	return ""
}

// mounting is why a rule does not apply to a filter that mounts; "" when it applies.
func mounting(o Options) string {
	if o.Mounts {
		return "the filter declares that it mounts an application of its own"
	}
	return ""
}
