/*
 * vectors: reads published test vectors: JSON as Wycheproof lays it out, testGroups[].tests[].
 *
 *	struct vectors v;
 *	vectors_open(&v, "tests/vectors/wycheproof/hmac_sha256_test.json");
 *	while (vectors_next(&v)) {
 *		struct span key = vectors_hex(&v, "key");
 *		int64_t bits = vectors_int(&v, "tagSize");
 *		bool valid = span_eq(vectors_text(&v, "result"), SPAN("valid"));
 *		...
 *	}
 *	vectors_close(&v);
 *
 * A field is looked for in the test, then in its group, then at the top of the file; a dot goes
 * into an object ("publicKey.modulus"). The files are ours and well-formed: whatever is missing
 * or of another kind ends the program with a failed test point.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "base/span.h"

/* Hex fields that one test may ask for. */
#define VECTORS_HEX 16

struct vectors {
	const char *path;
	char *file;
	struct span top, groups, group, tests, test; /* JSON text; groups and tests shrink */
	uint8_t *hex[VECTORS_HEX];
	size_t hexes;
};

void vectors_open(struct vectors *v, const char *path);
/* Goes to the next test, of whatever group; false after the last. */
bool vectors_next(struct vectors *v);
void vectors_close(struct vectors *v);

/* The text of a string, escapes left as they are, or the JSON of anything else. */
struct span vectors_text(struct vectors *v, const char *name);
int64_t vectors_int(struct vectors *v, const char *name);
/*
 * The bytes of a hexadecimal string, good until the next vectors_next(). Each lies in a piece of
 * memory of just its size, so that the address sanitizer sees a byte read too many.
 */
struct span vectors_hex(struct vectors *v, const char *name);

/*
 * The walker beneath, for files of another layout. [rest] is what stands between the brackets of
 * an array or object (vectors_inside); each call cuts the next value from its front. [key] is empty
 * in an array. False at the end.
 */
bool vectors_member(struct span *rest, struct span *key, struct span *value);
/* A string, array or object without its first and last byte. */
struct span vectors_inside(struct span value);
/* The value of [name] in the object; p == NULL when it isn't there. */
struct span vectors_get(struct span object, struct span name);

#endif
