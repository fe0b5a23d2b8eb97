// Package negotiate chooses what to answer by what the client says that it accepts: media
// type, content coding, language and charset (RFC 9110 §12.5).
//
// Offers in, the best one out:
//
//	kind, ok := negotiate.Type(r.Header, "text/html", "application/json")
//
// Each function reads one field of a request's header. The offers are what the server has,
// and come in its own order of preference: of offers that the client likes equally, the first
// is chosen. The second result says whether any of them is acceptable. Where none is, RFC 9110
// leaves it to the server to refuse, with 406 or 415, or to send what it has.
//
// What the client says is taken as follows.
//
//   - Several lines of a field are one list, empty elements do not count, and names are
//     compared in any case of letters.
//   - The most specific element that matches an offer gives it its weight. Of elements that
//     are equally specific it is the first. An offer that no element matches, and one with
//     the weight 0, is not acceptable.
//   - A field with an element that the grammar does not allow is as good as absent, all its
//     lines. "text/html;q=0,5", which some clients write for 0.5, would otherwise be taken for
//     a refusal of HTML.
//   - Without the field everything is acceptable. An empty list says as little, except in
//     Accept-Encoding, where it means no coding.
//
// The time it takes grows with the length of the field times the number of offers, whatever
// a client writes. Nothing is allocated for up to 16 offers, except the result of Languages.
//
// An answer that was chosen has to say so to caches, also where it was a refusal. That is the
// caller's part: w.Header().Add("Vary", "Accept"), or Vary of package capture, which adds a name
// that is not there yet.
package negotiate
