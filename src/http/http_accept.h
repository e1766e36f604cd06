/*
 * http_accept: what a client would like to get (RFC 9110, section 12.5). Pure.
 *
 *	unsigned br = http_accepts_coding(h, SPAN("br"));
 *	unsigned plain = http_accepts_coding(h, SPAN("identity"));
 *	if (br > 0 && br >= plain)
 *		... the .br beside the file, with Vary: Accept-Encoding
 *
 * Qualities are 0 (not acceptable) to 1000, the thousandths of a qvalue (12.4.2). Fields on
 * several lines are one list. An element that is not what the grammar says (";q=2", ";q=.5", a
 * name that is no token) is passed over as if it were absent; of two for the same thing the
 * first counts. Cost: linear in the field's bytes.
 */
#ifndef HTTP_HTTP_ACCEPT_H
#define HTTP_HTTP_ACCEPT_H

#include "http/http.h"

/*
 * Quality of a content coding, or of "identity" for none, by Accept-Encoding (12.5.3). Compared
 * without case; x-gzip and x-compress are gzip and compress (8.4.1).
 *
 * - No field: 1000 for identity and 0 for others. They would be acceptable, but who did not ask
 *   often can't decode.
 * - Named: its q. Else what "*" says, if it is there.
 * - Neither: 0, but 1 for identity, which is acceptable unless excluded: last choice, after all
 *   that is named. So for an empty value too.
 * All of them 0: 406, or identity in spite of the field (12.4.1 allows both).
 */
unsigned http_accepts_coding(const struct http_head *h, struct span coding);

/*
 * Quality of a media type by Accept (12.5.1). [type] is as http_media_type gives it, parameters
 * included. The most specific range that applies decides: type and subtype before type alone
 * before any; among equals the one with more parameters. All parameters of a range must be in
 * [type], values compared without case and without quotes; "q" is the weight wherever it stands.
 *
 * No field, or none with a well-formed element: 1000, since nothing was said.
 * An unclosed quote takes the rest of its line with it.
 */
unsigned http_accepts_type(const struct http_head *h, struct span type);

#endif
