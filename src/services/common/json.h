/*
 * json: writing JSON strings, and reading small JSON documents in place (RFC 8259).
 *
 *	struct json_value index;
 *	int rc = json_get(body, SPAN("index"), &index);
 *	if (rc == JSON_FOUND && index.type == JSON_NUMBER)
 *		rc = job_index(index.raw);
 *	else if (rc < 0)
 *		answer_400(json_strerror(rc));
 *
 *	out_str(&o, "{\"error\":");
 *	json_put_string(&o, why);
 *	out_str(&o, "}");
 *
 * Reading is strict, takes a complete document, allocates nothing and leaves the values where
 * they are. Nothing is read of a document that is not valid from its first byte to its last.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "base/out.h"

/* Arrays and objects inside one another; the outermost counts as 1. */
#define JSON_DEPTH_MAX 32

enum {
	JSON_FOUND = 1, /* json_get: the member is there */
	JSON_VALID = 1, /* json_check */
	JSON_MISSING = 0,
	JSON_ESYNTAX = -1,    /* not JSON, not UTF-8, cut short, or bytes follow the value */
	JSON_EDEPTH = -2,     /* deeper than JSON_DEPTH_MAX */
	JSON_ENOTOBJECT = -3, /* valid, but the outermost value is no object */
};

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
	enum json_type type;
	/* In the document: a string without its quotes, all else as it stands there. */
	struct span raw;
	bool escaped; /* a string that holds a '\': read it through json_put_text */
};

/*
 * JSON_VALID, JSON_ESYNTAX or JSON_EDEPTH. White space around the value is allowed, a byte
 * order mark is not; strings must be well-formed UTF-8; a \u escape may be a lone surrogate
 * (RFC 8259 section 8.2 leaves that open).
 */
int json_check(struct span document);

/*
 * Looks a member of the outermost object up: JSON_FOUND with *v filled, JSON_MISSING, or an
 * error; *v is touched only when found. [key] is plain UTF-8 and equals a name with escapes
 * that stands for the same text. Of several members with the name the last counts, as in
 * JavaScript. The value of an object can be searched by json_get again.
 */
int json_get(struct span document, struct span key, struct json_value *v);

/*
 * Puts the text that the inside of a valid string stands for, as UTF-8. A lone surrogate, which
 * UTF-8 cannot express, becomes U+FFFD. The text may hold NUL (from \u0000).
 */
void json_put_text(struct out *o, struct span raw);

/*
 * Puts [text] as a JSON string with its quotes: '"', '\' and control characters escaped, each
 * byte that is not part of well-formed UTF-8 replaced by U+FFFD. At most 6 bytes for one byte.
 */
void json_put_string(struct out *o, struct span text);

/* Puts the first character of *text in that way, whole or not at all, and takes it off. */
void json_put_char(struct out *o, struct span *text);

const char *json_strerror(int rc);

#endif
